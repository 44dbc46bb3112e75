import assert from "node:assert/strict";
import {
  allocWorkqueue,
  callWork,
  cancelWork,
  destroyWorkqueue,
  flushWork,
  flushWorkqueue,
  queueWork,
  queueWorkOn,
  sendToWork,
  type Workqueue,
  WQ_CPU_INTENSIVE,
  WQ_HIGHPRI,
  WQ_UNBOUND,
} from "../../../servers/workqueue/mod.ts";
import { alive, FakeClock, recorded, testPools } from "./support.ts";
import { until } from "../../support/until.ts";

/** Queues a `block` item, and waits until it runs. */
async function occupy(queue: Workqueue, shared: { begun: number }, gate = 1) {
  const before = shared.begun;
  const item = recorded("block", gate);
  queueWork(queue, item.work);
  await until(() => shared.begun > before, "the item runs");
  return item;
}

Deno.test("an unbound pool grows only when work waits and nobody is idle", async () => {
  const clock = new FakeClock();
  const { pools, shared } = testPools({ clock });
  const queue = allocWorkqueue("grow", { flags: WQ_UNBOUND, pools });
  assert.equal(alive(pools), 0, "none before there is work");
  for (let i = 0; i < 20; i++) await callWork(queue, "echo", i);
  assert.equal(alive(pools), 1, "one is idle whenever work comes");
  await occupy(queue, shared);
  clock.advance(1000);
  assert.equal(alive(pools), 1, "no work waits");
  const waiting = recorded("echo", "waited");
  queueWork(queue, waiting.work);
  await Promise.resolve();
  assert.equal(alive(pools), 1, "it has not waited yet");
  clock.advance(2);
  assert.equal(alive(pools), 2);
  await flushWork(waiting.work);
  shared.open(1);
  await destroyWorkqueue(queue);
});

Deno.test("an unbound pool takes back what is behind an item that blocks", async () => {
  const clock = new FakeClock();
  const { pools, shared } = testPools({ clock });
  const queue = allocWorkqueue("stall", { flags: WQ_UNBOUND, pools });
  const log: unknown[] = [];
  const blocked = recorded("block", 1, log);
  queueWork(queue, blocked.work);
  for (let i = 0; i < 10; i++) queueWork(queue, recorded("echo", i, log).work);
  await until(() => shared.begun === 1, "the first of the batch runs");
  assert.equal(alive(pools), 1);
  clock.advance(2);
  await until(() => log.length === 10, "the others ran elsewhere");
  assert.deepEqual(log, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], "in their order");
  assert.equal(alive(pools), 2);
  shared.open(1);
  await destroyWorkqueue(queue);
});

Deno.test("an unbound pool takes back what is behind an item that sleeps", async () => {
  const clock = new FakeClock();
  const { pools } = testPools({ clock, minIdle: 2 });
  const queue = allocWorkqueue("sleep", { flags: WQ_UNBOUND, pools });
  const [sleeper, behind] = [recorded("listen"), recorded("echo", 1)];
  queueWork(queue, sleeper.work);
  queueWork(queue, behind.work);
  await until(() => sleeper.messages.length === 1, "the listener listens");
  clock.advance(2);
  await flushWork(behind.work);
  sendToWork(sleeper.work, "stop");
  await destroyWorkqueue(queue);
});

Deno.test("an unbound pool does not grow while CPUs are short, unless nothing ends", async () => {
  const clock = new FakeClock();
  let areShort = true;
  const { pools, shared } = testPools({ clock, minIdle: 3, areCpusShort: () => areShort });
  const queue = allocWorkqueue("short", { flags: WQ_UNBOUND, pools });
  const items = Array.from({ length: 4 }, () => recorded("block", 1));
  for (const { work } of items) queueWork(queue, work);
  await until(() => shared.begun === 1, "the first Worker does not wait for a CPU");
  // A tick of the watchdog takes growDelayMs, which is 1 ms here.
  for (let ms = 0; ms < 900; ms++) clock.advance(1);
  assert.equal(alive(pools), 1);
  areShort = false;
  clock.advance(1);
  await until(() => shared.begun === 2, "a CPU is free");
  areShort = true;
  for (let ms = 0; ms < 900; ms++) clock.advance(1);
  assert.equal(alive(pools), 2);
  for (let ms = 0; ms < 200; ms++) clock.advance(1);
  await until(() => shared.begun === 3, "nothing ends for a second");
  shared.open(1);
  await flushWorkqueue(queue);
  await destroyWorkqueue(queue);
});

Deno.test("an unbound pool whose Workers all sleep grows though CPUs are short", async () => {
  const clock = new FakeClock();
  const { pools } = testPools({ clock, minIdle: 2, areCpusShort: () => true });
  const queue = allocWorkqueue("asleep", { flags: WQ_UNBOUND, pools });
  const sleeper = recorded("listen");
  queueWork(queue, sleeper.work);
  await until(() => sleeper.messages.length === 1, "the listener listens");
  const other = recorded("echo", 1);
  queueWork(queue, other.work);
  await until(() => {
    clock.advance(1);
    return other.results.length === 1;
  }, "another Worker ran it");
  assert.equal(alive(pools), 2);
  sendToWork(sleeper.work, "stop");
  await destroyWorkqueue(queue);
});

Deno.test("maxWorkers bounds a pool", async () => {
  const { pools, shared } = testPools({ growDelayMs: 0, maxWorkers: 2 });
  const queue = allocWorkqueue("bounded", { flags: WQ_UNBOUND, pools });
  const items = Array.from({ length: 5 }, () => recorded("block", 1));
  for (const { work } of items) queueWork(queue, work);
  await until(() => shared.begun === 2, "two run");
  shared.open(1);
  await flushWorkqueue(queue);
  assert.deepEqual([pools.stats.length, shared.mostAtOnce, shared.begun], [2, 2, 5]);
  await destroyWorkqueue(queue);
});

Deno.test("idle Workers are reaped after idleTimeoutMs, but for minIdle", async () => {
  const clock = new FakeClock();
  const { pools, shared } = testPools({
    clock,
    growDelayMs: 0,
    idleTimeoutMs: 1000,
    maydayMs: 1e6,
    minIdle: 1,
  });
  const queue = allocWorkqueue("reap", { flags: WQ_UNBOUND, pools });
  for (let i = 0; i < 3; i++) await occupy(queue, shared);
  clock.advance(5000);
  assert.equal(alive(pools), 3, "busy Workers stay");
  shared.open(1);
  await flushWorkqueue(queue);
  clock.advance(600);
  await callWork(queue, "echo", 0);
  clock.advance(399);
  assert.equal(alive(pools), 3);
  clock.advance(1);
  assert.equal(alive(pools), 1, "all but the one that worked meanwhile");
  clock.advance(10_000);
  assert.equal(alive(pools), 1, "the last one stays");
  assert.equal(await callWork(queue, "echo", "warm"), "warm");
  assert.equal(pools.stats.reduce((sum, row) => sum + row.created, 0), 3);
  await destroyWorkqueue(queue);
});

Deno.test("minIdle 0 reaps the last Worker, and work brings one back", async () => {
  const clock = new FakeClock();
  const { pools } = testPools({ clock, minIdle: 0, idleTimeoutMs: 50, maydayMs: 1e6 });
  const queue = allocWorkqueue("empty", { flags: WQ_UNBOUND, pools });
  await callWork(queue, "echo", 0);
  clock.advance(50);
  assert.equal(alive(pools), 0);
  assert.equal(await callWork(queue, "echo", "back"), "back");
  assert.deepEqual(pools.stats.map(({ name, created, items }) => [name, created, items]), [
    ["kworker/u:0", 2, 2],
  ]);
  await destroyWorkqueue(queue);
});

Deno.test("reuse: false gives each item a Worker of its own, which ends with it", async () => {
  const { pools, shared } = testPools({ reuse: false, growDelayMs: 0 });
  const queue = allocWorkqueue("each", { flags: WQ_UNBOUND, maxActive: 2, pools });
  const items = Array.from({ length: 5 }, () => recorded("block", 1));
  for (const { work } of items) queueWork(queue, work);
  await until(() => shared.begun === 2, "two run");
  assert.equal(alive(pools), 2);
  shared.open(1);
  await flushWorkqueue(queue);
  assert.equal(alive(pools), 0);
  assert.deepEqual([shared.begun, shared.mostAtOnce], [5, 2]);
  // One that is slow to begin loses its item, and ends without it.
  assert.ok(pools.stats.reduce((sum, row) => sum + row.created, 0) >= 5);
  await destroyWorkqueue(queue);
});

Deno.test("queues share pools; high priority and each core have their own", async () => {
  const { pools } = testPools();
  const where = async (queue: Workqueue) =>
    (await callWork<{ name: string }>(queue, "where", 0)).name;
  const flags = [WQ_UNBOUND, WQ_UNBOUND, WQ_UNBOUND | WQ_HIGHPRI, WQ_HIGHPRI];
  const queues = flags.map((flags, i) => allocWorkqueue(`q${i}`, { flags, pools }));
  const [a, b, high, boundHigh] = queues;
  assert.equal(await where(a), "kworker/u:0");
  assert.equal(await where(b), "kworker/u:0");
  assert.equal(await where(high), "kworker/u:0H");
  assert.equal(await where(boundHigh), "kworker/0:0H");
  assert.equal(await where(boundHigh), "kworker/1:0H");
  await Promise.all(queues.map(destroyWorkqueue));
});

Deno.test("high priority items do not wait behind normal ones", async () => {
  const { pools, shared } = testPools({ maxWorkers: 1 });
  const normal = allocWorkqueue("normal", { flags: WQ_UNBOUND, pools });
  const high = allocWorkqueue("high", { flags: WQ_UNBOUND | WQ_HIGHPRI, pools });
  await occupy(normal, shared);
  assert.equal(await callWork(high, "echo", "passes"), "passes");
  shared.open(1);
  await Promise.all([normal, high].map(destroyWorkqueue));
});

Deno.test("a bound item goes to the core it is told, and stays with it", async () => {
  const { pools } = testPools({ cpus: 3 });
  const queue = allocWorkqueue("bound", { pools });
  const { work, results } = recorded("where");
  queueWorkOn(2, queue, work);
  await flushWork(work);
  queueWork(queue, work);
  await flushWork(work);
  assert.deepEqual(results, [
    { name: "kworker/2:0", cpu: 2 },
    { name: "kworker/2:0", cpu: 2 },
  ]);
  await destroyWorkqueue(queue);
});

Deno.test("a bound pool runs one item at a time while they do not sleep", async () => {
  const clock = new FakeClock();
  const { pools, shared } = testPools({ clock, cpus: 1 });
  const queue = allocWorkqueue("managed", { pools });
  await occupy(queue, shared);
  const second = recorded("block", 1);
  queueWork(queue, second.work);
  const probe = allocWorkqueue("probe", { flags: WQ_UNBOUND, pools });
  await callWork(probe, "echo", 0);
  assert.equal(shared.begun, 1, "the core is busy");
  shared.open(1);
  await flushWorkqueue(queue);
  assert.deepEqual([shared.begun, shared.mostAtOnce], [2, 1]);
  await Promise.all([queue, probe].map(destroyWorkqueue));
});

Deno.test("a bound pool starts the next item when one sleeps", async () => {
  const clock = new FakeClock();
  const { pools } = testPools({ clock, cpus: 1 });
  const queue = allocWorkqueue("sleepers", { pools });
  const sleepers = [0, 1, 2].map((data) => recorded("listen", data));
  for (const { work } of sleepers) queueWork(queue, work);
  await until(() => sleepers.every(({ messages }) => messages.length === 1), "all listen");
  assert.equal(await callWork(queue, "echo", "still"), "still");
  for (const { work } of sleepers) sendToWork(work, "stop");
  await flushWorkqueue(queue);
  assert.equal(queue.stats.cpuIntensive, 0);
  await destroyWorkqueue(queue);
});

Deno.test("a bound pool stops to count an item that exceeds cpuIntensiveThreshUs", async () => {
  const clock = new FakeClock();
  const { pools, shared } = testPools({ clock, cpus: 1, cpuIntensiveThreshUs: 10_000 });
  const queue = allocWorkqueue("hog", { pools });
  await occupy(queue, shared);
  const next = recorded("echo", "next");
  queueWork(queue, next.work);
  await Promise.resolve();
  clock.advance(10);
  assert.equal(queue.stats.cpuIntensive, 0, "it may have begun just now");
  clock.advance(10);
  assert.equal(queue.stats.cpuIntensive, 1);
  await flushWork(next.work);
  assert.deepEqual(next.results, ["next"]);
  shared.open(1);
  await destroyWorkqueue(queue);
});

Deno.test("WQ_CPU_INTENSIVE items do not hold back others on their core", async () => {
  const clock = new FakeClock();
  const { pools, shared } = testPools({ clock, cpus: 1 });
  const heavy = allocWorkqueue("heavy", { flags: WQ_CPU_INTENSIVE, pools });
  const light = allocWorkqueue("light", { pools });
  const items = [1, 1].map((data) => recorded("block", data));
  for (const { work } of items) queueWork(heavy, work);
  await until(() => shared.begun === 2, "both run beside each other");
  assert.equal(await callWork(light, "echo", "passes"), "passes");
  shared.open(1);
  await Promise.all([heavy, light].map(destroyWorkqueue));
});

Deno.test("a Worker that does not get to its items loses them, until it does", async () => {
  const clock = new FakeClock();
  const { pools, shared } = testPools({ clock });
  const queue = allocWorkqueue("late", { flags: WQ_UNBOUND, pools });
  const late = async () => {
    const before = shared.begun;
    await callWork(queue, "linger", shared.begun + 1);
    await until(() => shared.begun > before, "the Worker blocks behind the owner's back");
  };
  await late();
  const cancelled = recorded("mark", "cancelled");
  queueWork(queue, cancelled.work);
  await Promise.resolve();
  assert.equal(cancelWork(cancelled.work), true, "it was sent, and is taken back");
  shared.open(1);
  assert.equal(
    await callWork(queue, "where", 0).then((worker) => Object(worker).name),
    "kworker/u:0",
  );
  assert.deepEqual(cancelled.results, []);

  await late();
  const item = recorded("where");
  queueWork(queue, item.work);
  await Promise.resolve();
  clock.advance(1000);
  assert.equal(alive(pools), 1, "it waits alone on its Worker: nobody is held back");
  const second = recorded("where");
  queueWork(queue, second.work);
  await Promise.resolve();
  clock.advance(2);
  await Promise.all([item, second].map(({ work }) => flushWork(work)));
  for (const { results: [worker] } of [item, second]) {
    assert.equal(Object(worker).name, "kworker/u:1");
  }
  shared.open(2);
  await destroyWorkqueue(queue);
});

Deno.test("a Worker whose last items are cancelled on a result is idle again", async () => {
  const { pools } = testPools({ cpus: 1, maxWorkers: 1 });
  for (const flags of [0, WQ_UNBOUND]) {
    const queue = allocWorkqueue("given back", { flags, pools });
    await callWork(queue, "hesitate", 10);
    for (let i = 0; i < 5; i++) {
      const [first, second] = [recorded("echo", i), recorded("echo", "begun")];
      let isCancelled = false;
      first.work.callbacks.onResult = () => isCancelled = cancelWork(second.work);
      for (const { work } of [first, second]) queueWork(queue, work);
      await flushWorkqueue(queue);
      // Nearly always it is cancelled: its Worker hesitates to begin it.
      assert.deepEqual(second.results, isCancelled ? [] : ["begun"]);
    }
    assert.equal(await callWork(queue, "echo", "next"), "next");
    await destroyWorkqueue(queue);
  }
});

Deno.test("no Worker is lost while items stall, end and are cancelled at any time", async () => {
  const { pools } = testPools({ cpus: 1, maxWorkers: 2, cpuIntensiveThreshUs: 1000 });
  for (const flags of [0, WQ_UNBOUND]) {
    const queue = allocWorkqueue("storm", { flags, pools });
    let [ended, cancelled] = [0, 0];
    for (let round = 0; round < 150; round++) {
      const items = Array.from({ length: 6 }, (_, i) => recorded("busy", (i * round) % 7 / 4));
      items[0].work.callbacks.onResult = () => {
        ended++;
        if (cancelWork(items[1].work)) cancelled++;
      };
      for (const { work } of items) queueWork(queue, work);
      await flushWorkqueue(queue);
      ended += items.reduce((sum, { results }) => sum + results.length, 0);
    }
    assert.equal(ended + cancelled, 900);
    await destroyWorkqueue(queue);
  }
});

Deno.test("a cancelled item of a Worker that does not answer holds back nobody", async () => {
  const clock = new FakeClock();
  const { pools, shared } = testPools({ clock, cpus: 1 });
  const queue = allocWorkqueue("late", { pools });
  await callWork(queue, "linger", 1);
  await until(() => shared.begun === 1, "the Worker blocks behind the owner's back");
  const cancelled = recorded("mark");
  queueWork(queue, cancelled.work);
  await Promise.resolve();
  assert.equal(cancelWork(cancelled.work), true);
  const next = recorded("where");
  queueWork(queue, next.work);
  await Promise.resolve();
  clock.advance(20);
  await flushWork(next.work);
  assert.deepEqual(next.results, [{ name: "kworker/0:1", cpu: 0 }]);
  shared.open(1);
  await destroyWorkqueue(queue);
});

Deno.test("statistics tell items and busy time of each Worker", async () => {
  const { pools, shared } = testPools();
  const queue = allocWorkqueue("stats", { flags: WQ_UNBOUND, pools });
  const sinceMs = performance.now();
  const item = await occupy(queue, shared);
  const blockedMs = performance.now();
  await new Promise((resolve) => setTimeout(resolve, 5));
  const waitedMs = performance.now() - blockedMs;
  shared.open(1);
  await flushWork(item.work);
  const wholeMs = performance.now() - sinceMs;
  await callWork(queue, "throw", "counts too").catch(() => {});
  const [row] = pools.stats;
  assert.deepEqual([row.name, row.cpu, row.alive, row.created], ["kworker/u:0", null, true, 1]);
  assert.deepEqual([row.items, row.crashes], [2, 0]);
  assert.ok(row.busyUs >= waitedMs * 1000 && row.busyUs <= wholeMs * 1000 + 1000, `${row.busyUs}`);
  await destroyWorkqueue(queue);
  assert.equal(pools.stats[0].alive, false);
});
