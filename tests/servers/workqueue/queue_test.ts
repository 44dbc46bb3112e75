import assert from "node:assert/strict";
import {
  allocOrderedWorkqueue,
  allocWorkqueue,
  callWork,
  cancelWork,
  cancelWorkSync,
  destroyWorkqueue,
  drainWorkqueue,
  flushWork,
  flushWorkqueue,
  freezeWorkqueues,
  queueWork,
  queueWorkOn,
  sendToWork,
  thawWorkqueues,
  Work,
  WorkError,
  WQ_FREEZABLE,
  WQ_MAX_ACTIVE,
  WQ_UNBOUND,
} from "../../../servers/workqueue/mod.ts";
import { alive, recorded, testPools } from "./support.ts";
import { until } from "../../support/until.ts";

/** Whether `promise` has not settled by the time the event loop has gone round. */
async function isWaiting(promise: Promise<unknown>): Promise<boolean> {
  const turn = new Promise((resolve) => setTimeout(resolve, 0, "waiting"));
  return await Promise.race([promise, turn]) === "waiting";
}

Deno.test("queueWork() runs the named function and gives back its result", async () => {
  const { pools } = testPools();
  for (const flags of [0, WQ_UNBOUND]) {
    const queue = allocWorkqueue("results", { flags, pools });
    assert.deepEqual(await callWork(queue, "echo", { bytes: Uint8Array.of(1, 2) }), {
      bytes: Uint8Array.of(1, 2),
    });
    assert.equal(await callWork(queue, "sum", [1, 2, 3]), 6);
    assert.deepEqual(queue.stats, {
      queued: 2,
      completed: 2,
      failed: 0,
      cpuIntensive: 0,
      rescued: 0,
    });
    await destroyWorkqueue(queue);
  }
});

Deno.test("queueWork() fails an item whose function throws, and goes on", async () => {
  const { pools } = testPools();
  const queue = allocWorkqueue("errors", { flags: WQ_UNBOUND, pools });
  const fails = async (func: string, data: unknown, pattern: RegExp) => {
    const error = await callWork(queue, func, data).catch((error) => error);
    assert.ok(error instanceof WorkError);
    assert.match(error.message, pattern);
    assert.deepEqual([error.func, error.crashed], [func, false]);
  };
  await fails("throw", "no", /^"throw" failed on kworker\/u:0: TypeError: no$/);
  await fails("reject", "late", /TypeError: late$/);
  await fails("missing", 0, /serves no function of that name$/);
  await fails("uncloneable", 0, /its result cannot be sent: DataCloneError/);
  await fails("echo", () => 1, /^"echo" cannot be sent to a Worker: /);
  assert.equal(await callWork(queue, "echo", "well"), "well");
  assert.equal(pools.stats[0].created, 1);
  await destroyWorkqueue(queue);
});

Deno.test("queueWork() fails only the item of a batch that cannot be cloned", async () => {
  const { pools } = testPools();
  const queue = allocWorkqueue("batch", { flags: WQ_UNBOUND, pools });
  const log: unknown[] = [];
  const items = [1, () => 2, 3].map((data) => recorded("echo", data, log));
  for (const { work } of items) queueWork(queue, work);
  await flushWorkqueue(queue);
  assert.deepEqual(items.map(({ results }) => results), [[1], [], [3]]);
  assert.equal(items[1].errors.length, 1);
  await destroyWorkqueue(queue);
});

Deno.test("queueWork() does not queue a pending item twice", async () => {
  const { pools } = testPools();
  const queue = allocWorkqueue("once", { flags: WQ_UNBOUND, pools });
  const { work, results } = recorded("echo", 1);
  assert.equal(queueWork(queue, work), true);
  assert.equal(queueWork(queue, work), false);
  assert.equal(await flushWork(work), true);
  assert.equal(await flushWork(work), false);
  assert.deepEqual(results, [1]);
  assert.equal(queueWork(queue, work), true);
  await destroyWorkqueue(queue);
  assert.deepEqual(results, [1, 1]);
});

Deno.test("queueWork() runs an item again that runs, but never beside itself", async () => {
  const { pools, shared } = testPools({ growDelayMs: 0 });
  const queue = allocWorkqueue("again", { flags: WQ_UNBOUND, pools });
  const other = allocWorkqueue("other", { flags: WQ_UNBOUND, pools });
  const { work, results } = recorded("block", 1);
  queueWork(queue, work);
  await until(() => shared.begun === 1, "the item runs");
  assert.equal(queueWork(other, work), true, "it runs, so it is not pending");
  assert.equal(queueWork(queue, work), false, "now it is");
  // Another item overtakes the parked one: there is room for it.
  assert.equal(await callWork(queue, "echo", "free"), "free");
  assert.equal(shared.begun, 1);
  shared.open(1);
  await flushWork(work);
  assert.deepEqual(results, [1, 1]);
  assert.equal(shared.mostAtOnce, 1);
  await Promise.all([destroyWorkqueue(queue), destroyWorkqueue(other)]);
});

Deno.test("queueWork() lets a run see what was written before, whatever it answers", async () => {
  const { pools, shared } = testPools();
  const queue = allocWorkqueue("fence", { flags: WQ_UNBOUND, pools });
  let seen = -1;
  const { promise, resolve } = Promise.withResolvers<void>();
  const work = new Work<number, number>("read", 2, {
    onError: assert.fail,
    onResult(value) {
      seen = value;
      if (value === 1000) resolve();
    },
  });
  for (let value = 1; value <= 1000; value++) {
    shared.words[2] = value;
    queueWork(queue, work);
    if (value % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  }
  await flushWork(work);
  assert.equal(seen, 1000);
  await promise;
  await destroyWorkqueue(queue);
});

Deno.test("allocOrderedWorkqueue() runs items one by one, in order", async () => {
  const { pools, shared } = testPools({ growDelayMs: 0 });
  const queue = allocOrderedWorkqueue("ordered", { pools });
  const busy = allocWorkqueue("busy", { flags: WQ_UNBOUND, pools });
  const blocked = recorded("block", 1);
  queueWork(busy, blocked.work);
  const log: unknown[] = [];
  for (let i = 0; i < 100; i++) queueWork(queue, recorded("echo", i, log).work);
  shared.open(1);
  await flushWorkqueue(queue);
  assert.deepEqual(log, Array.from({ length: 100 }, (_, i) => i));
  await Promise.all([destroyWorkqueue(queue), destroyWorkqueue(busy)]);
});

Deno.test("maxActive limits an unbound queue in all, a bound queue per core", async () => {
  const { pools, shared } = testPools({ growDelayMs: 0 });
  const unbound = allocWorkqueue("unbound", { flags: WQ_UNBOUND, maxActive: 2, pools });
  for (let i = 0; i < 5; i++) queueWork(unbound, recorded("block", 1).work);
  await until(() => shared.begun === 2, "two run");
  const probe = allocWorkqueue("probe", { flags: WQ_UNBOUND, pools });
  // The pool would have Workers for more, as another queue's item shows.
  await callWork(probe, "echo", 0);
  assert.equal(shared.begun, 2);
  shared.open(1);
  await flushWorkqueue(unbound);
  assert.deepEqual([shared.begun, shared.mostAtOnce], [5, 2]);

  const listeners = Array.from({ length: 6 }, (_, i) => recorded("listen", i));
  const bound = allocWorkqueue("bound", { maxActive: 2, pools });
  listeners.forEach(({ work }, i) => queueWorkOn(i % 2, bound, work));
  const started = () => listeners.filter(({ messages }) => messages.length > 0).length;
  await until(() => started() === 4, "two run on each core");
  for (const { work } of listeners) sendToWork(work, "stop");
  await flushWorkqueue(bound);
  assert.equal(started(), 6);
  await Promise.all([unbound, probe, bound].map(destroyWorkqueue));
});

Deno.test("allocWorkqueue() and queueWorkOn() refuse numbers that make no sense", async () => {
  const { pools } = testPools();
  for (const maxActive of [-1, 1.5, WQ_MAX_ACTIVE + 1, NaN]) {
    assert.throws(
      () => allocWorkqueue("bad", { maxActive, pools }),
      /maxActive of workqueue "bad"/,
    );
  }
  const queue = allocWorkqueue("good", { pools });
  assert.throws(() => queueWorkOn(2, queue, recorded("echo").work), /there are cores 0 to 1/);
  assert.throws(() => testPools({ cpus: 0 }), /cpus is 0; it must be at least 1/);
  await destroyWorkqueue(queue);
});

Deno.test("cancelWork() takes out what has not begun, wherever it is", async () => {
  const { pools, shared } = testPools({ growDelayMs: 60_000 });
  const queue = allocWorkqueue("cancel", { flags: WQ_UNBOUND, maxActive: 3, pools });
  const [first, posted, inactive] = [1, 1, 1].map((data) => recorded("block", data));
  const beside = recorded("mark", "beside");
  const items = [first, posted, beside, inactive];
  for (const { work } of items) queueWork(queue, work);
  await until(() => shared.begun === 1, "the first runs; two are behind it on its Worker");
  assert.equal(cancelWork(inactive.work), true);
  assert.equal(cancelWork(posted.work), true);
  assert.equal(cancelWork(posted.work), false);
  assert.equal(cancelWork(first.work), false, "it runs");
  shared.open(1);
  await flushWorkqueue(queue);
  assert.deepEqual(items.map(({ results }) => results), [[1], [], ["beside"], []]);
  assert.equal(queueWork(queue, posted.work), true, "what was cancelled can be queued again");
  await destroyWorkqueue(queue);
  assert.deepEqual(posted.results, [1]);
});

Deno.test("cancelWorkSync() waits for an item that runs", async () => {
  const { pools, shared } = testPools();
  const queue = allocWorkqueue("sync", { flags: WQ_UNBOUND, pools });
  const { work, results } = recorded("block", 1);
  queueWork(queue, work);
  await until(() => shared.begun === 1, "it runs");
  queueWork(queue, work);
  const cancelled = cancelWorkSync(work);
  assert.equal(await isWaiting(cancelled), true);
  shared.open(1);
  assert.equal(await cancelled, true, "the second queueing was pending");
  assert.deepEqual(results, [1]);
  await destroyWorkqueue(queue);
});

Deno.test("flushWorkqueue() waits for what is queued now, and not for more", async () => {
  const { pools, shared } = testPools({ growDelayMs: 0 });
  const queue = allocWorkqueue("flush", { flags: WQ_UNBOUND, pools });
  await flushWorkqueue(queue);
  queueWork(queue, recorded("block", 1).work);
  const first = flushWorkqueue(queue);
  const again = flushWorkqueue(queue);
  queueWork(queue, recorded("block", 2).work);
  const second = flushWorkqueue(queue);
  assert.equal(await isWaiting(first), true);
  await until(() => shared.begun === 2, "both run");
  shared.open(1);
  await first;
  await again;
  assert.equal(await isWaiting(second), true);
  shared.open(2);
  await second;
  await destroyWorkqueue(queue);
});

Deno.test("drainWorkqueue() takes chained items only, and waits for them", async () => {
  const { pools } = testPools();
  const queue = allocWorkqueue("drain", { flags: WQ_UNBOUND, pools });
  let left = 5;
  const chain = new Work<number, number>("echo", 0, {
    onError: assert.fail,
    onResult: () => void (--left > 0 && queueWork(queue, chain)),
  });
  queueWork(queue, chain);
  const drained = drainWorkqueue(queue);
  assert.throws(
    () => queueWork(queue, recorded("echo").work),
    /Cannot queue "echo": workqueue "drain" is draining/,
  );
  await drained;
  assert.equal(left, 0);
  assert.equal(await callWork(queue, "echo", "open again"), "open again");
  await destroyWorkqueue(queue);
  assert.throws(() => queueWork(queue, chain), /workqueue "drain" is destroyed/);
});

Deno.test("destroyWorkqueue() loses nothing and ends the Workers of the last queue", async () => {
  const { pools } = testPools();
  const log: unknown[] = [];
  const queues = [0, 0, WQ_UNBOUND].map((flags, i) =>
    allocWorkqueue(`q${i}`, { flags, maxActive: 1, pools })
  );
  for (let i = 0; i < 300; i++) queueWork(queues[i % 3], recorded("echo", i, log).work);
  await Promise.all(queues.slice(1).map(destroyWorkqueue));
  assert.ok(alive(pools) > 0, "a queue is left");
  await destroyWorkqueue(queues[0]);
  assert.deepEqual(log.sort((a, b) => Number(a) - Number(b)), Array.from(log.keys()));
  assert.equal(log.length, 300);
  assert.equal(alive(pools), 0);
});

Deno.test("freezeWorkqueues() lets active items finish and starts no others until thaw", async () => {
  const { pools, shared } = testPools({ growDelayMs: 0 });
  const flags = WQ_UNBOUND | WQ_FREEZABLE;
  const queue = allocWorkqueue("freezable", { flags, pools });
  const steady = allocWorkqueue("steady", { flags: WQ_UNBOUND, pools });
  queueWork(queue, recorded("block", 1).work);
  await until(() => shared.begun === 1, "it runs");
  const frozen = freezeWorkqueues();
  const late = allocWorkqueue("late", { flags, pools });
  const items = [queue, late].map((queue) => {
    const item = recorded("mark", queue.name);
    queueWork(queue, item.work);
    return item;
  });
  assert.equal(await isWaiting(frozen), true);
  shared.open(1);
  await frozen;
  assert.equal(await callWork(steady, "echo", "runs"), "runs");
  assert.equal(shared.begun, 1);
  thawWorkqueues();
  await Promise.all([queue, late].map(flushWorkqueue));
  assert.deepEqual(items.map(({ results }) => results), [["freezable"], ["late"]]);
  await Promise.all([queue, late, steady].map(destroyWorkqueue));
});

Deno.test("sendToWork() and onMessage carry messages while an item runs", async () => {
  const { pools } = testPools();
  const queue = allocWorkqueue("talk", { pools });
  const item = recorded("listen", "over");
  assert.equal(sendToWork(item.work, "nobody there"), false);
  queueWork(queue, item.work);
  assert.equal(sendToWork(item.work, "early"), true);
  await until(() => item.messages.length === 2, "the early message is answered");
  sendToWork(item.work, "late");
  sendToWork(item.work, "stop");
  await flushWork(item.work);
  assert.deepEqual(item.messages, ["started", { echo: "early" }, { echo: "late" }]);
  assert.deepEqual(item.results, ["over"]);
  assert.equal(sendToWork(item.work, "too late"), false);
  await destroyWorkqueue(queue);
});

Deno.test("sendToWork() reaches an item behind one that sleeps", async () => {
  const { pools, shared } = testPools({ cpus: 1 });
  for (const [index, flags] of [0, WQ_UNBOUND].entries()) {
    const queue = allocWorkqueue("behind", { flags, pools });
    await callWork(queue, "echo", "up");
    const [sleeper, listener] = [recorded("later"), recorded("listen", "over")];
    for (const { work } of [sleeper, listener]) queueWork(queue, work);
    await Promise.resolve();
    assert.equal(sendToWork(listener.work, "early"), true);
    // It begins while the owner does not look: nothing is taken back.
    const untilMs = performance.now() + 1000;
    while (shared.begun === index && performance.now() < untilMs);
    await until(() => listener.messages.length === 2, "the message is answered");
    assert.deepEqual(listener.messages, ["started", { echo: "early" }]);
    sendToWork(listener.work, "stop");
    await destroyWorkqueue(queue);
    assert.deepEqual([listener.results, listener.unread], [["over"], []]);
  }
});

Deno.test("sendToWork() hands back what an item did not read before its end", async () => {
  const { pools, shared } = testPools({ cpus: 1 });
  const queue = allocWorkqueue("unread", { pools });
  await callWork(queue, "echo", "up");
  for (const func of ["mark", "exit"]) {
    const log: unknown[] = [];
    const item = recorded(func, "ended", log);
    item.work.callbacks.onUnread = (messages) => void log.push(messages);
    queueWork(queue, item.work);
    assert.equal(sendToWork(item.work, "never asked for"), true);
    await Promise.resolve();
    // Until it has ended, as far as that can be seen from here.
    const untilMs = performance.now() + 1000;
    while (func === "mark" && shared.begun === 0 && performance.now() < untilMs);
    assert.equal(sendToWork(item.work, "too late"), true);
    await flushWork(item.work);
    const end = func === "mark" ? "ended" : "it called exit(3)";
    assert.deepEqual(log, [["never asked for", "too late"], end]);
  }
  const item = recorded("mark");
  queueWork(queue, item.work);
  sendToWork(item.work, "cancelled with it");
  cancelWork(item.work);
  await destroyWorkqueue(queue);
  assert.deepEqual(item.unread, []);
});

Deno.test("queueWork() takes an item from a queue that has more cores", async () => {
  const [many, one] = [3, 1].map((cpus) => testPools({ cpus }).pools);
  const [first, second] = [many, one].map((pools) => allocWorkqueue("cores", { pools }));
  const item = recorded("echo", "anywhere");
  queueWorkOn(2, first, item.work);
  await flushWork(item.work);
  queueWork(second, item.work);
  await Promise.all([first, second].map(destroyWorkqueue));
  assert.deepEqual(item.results, ["anywhere", "anywhere"]);
});

Deno.test("destroyWorkqueue() accepts nothing that it would lose", async () => {
  const { pools } = testPools();
  const queue = allocWorkqueue("closing", { pools });
  let isDestroyed = false;
  const destroyed = destroyWorkqueue(queue).then(() => isDestroyed = true);
  while (!isDestroyed) {
    assert.throws(() => queueWork(queue, recorded("echo").work), /is (draining|destroyed)/);
    await Promise.resolve();
  }
  await destroyed;
});

Deno.test("connect() gets a port to each Worker, and is told when the Worker is gone", async () => {
  const heard: unknown[] = [];
  let gone = 0;
  const connect = (port: MessagePort) => {
    port.onmessage = ({ data }) => heard.push(data);
    return () => {
      port.close();
      gone++;
    };
  };
  const { pools } = testPools({ connect, cpus: 1 });
  const queue = allocWorkqueue("ports", { pools });
  await callWork(queue, "say", 1);
  await callWork(queue, "say", 2);
  await until(() => heard.length === 2);
  assert.deepEqual(heard, [["kworker/0:0", 1], ["kworker/0:0", 2]]);
  assert.equal(gone, 0);
  await destroyWorkqueue(queue);
  assert.equal(gone, 1);
});

Deno.test("callbacks that throw do not stop the queue", async () => {
  const { pools } = testPools();
  const queue = allocWorkqueue("throws", { flags: WQ_UNBOUND, pools });
  const heard: string[] = [];
  const listener = (event: ErrorEvent) => {
    event.preventDefault();
    heard.push(event.message);
  };
  addEventListener("error", listener);
  queueWork(
    queue,
    new Work("echo", 1, {
      onError: assert.fail,
      onResult() {
        throw new Error("callback threw");
      },
    }),
  );
  assert.equal(await callWork(queue, "echo", 2), 2);
  await destroyWorkqueue(queue);
  removeEventListener("error", listener);
  assert.equal(heard.length, 1);
  assert.match(heard[0], /callback threw/);
});
