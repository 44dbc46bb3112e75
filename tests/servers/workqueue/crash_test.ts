import assert from "node:assert/strict";
import {
  allocWorkqueue,
  callWork,
  DescriptorReserve,
  destroyWorkqueue,
  flushWork,
  flushWorkqueue,
  killWork,
  queueWork,
  queueWorkOn,
  sendToWork,
  WQ_MEM_RECLAIM,
  WQ_UNBOUND,
} from "../../../servers/workqueue/mod.ts";
import { alive, FakeClock, recorded, Shared, testPools } from "./support.ts";
import { until } from "../../support/until.ts";

/** A reserve that can be made to fail, as when the process is out of descriptors. */
function fickleReserve() {
  const state = { isEmpty: false, open: 0 };
  const reserve = new DescriptorReserve(() => {
    if (state.isEmpty) throw new Error("Too many open files (os error 24)");
    state.open++;
    return { close: () => void state.open-- };
  });
  const runDry = () => {
    state.isEmpty = true;
    reserve.release();
  };
  return { reserve, state, runDry };
}

for (
  const [func, reason] of [
    ["crash", "Error: timer threw"],
    ["forget", "unhandled rejection: Error: nobody caught it"],
    ["close", "it closed itself"],
    ["exit", "it called exit(3)"],
  ]
) {
  Deno.test(`a Worker that ends by "${func}" fails its item and is replaced`, async () => {
    const { pools } = testPools({ growDelayMs: 0 });
    const queue = allocWorkqueue("crash", { flags: WQ_UNBOUND, pools });
    const neighbour = recorded("listen", "unharmed");
    queueWork(queue, neighbour.work);
    const item = recorded(func);
    queueWork(queue, item.work);
    await flushWork(item.work);
    const [error] = item.errors;
    assert.equal(error.message, `kworker/u:1 crashed while it ran "${func}": ${reason}`);
    assert.deepEqual([error.crashed, error.reason], [true, reason]);
    assert.equal(await callWork(queue, "echo", "next"), "next");
    sendToWork(neighbour.work, "stop");
    await flushWork(neighbour.work);
    assert.deepEqual(neighbour.results, ["unharmed"]);
    assert.deepEqual(pools.stats.map(({ created, crashes }) => [created, crashes]), [
      [1, 0],
      [2, 1],
    ]);
    await destroyWorkqueue(queue);
  });
}

Deno.test("an item is told that its Worker crashes before its owner is", async () => {
  const { pools, shared } = testPools();
  const queue = allocWorkqueue("fall", { flags: WQ_UNBOUND, pools });
  const item = recorded("fall");
  let told = 0;
  item.work.callbacks.onError = () => told = shared.begun;
  queueWork(queue, item.work);
  await until(() => told === 1, "it was told");
  await destroyWorkqueue(queue);
});

Deno.test("items behind one that crashes run elsewhere, in order", async () => {
  // Time stands still: on a busy machine items behind a stalled one would be taken back before.
  const { pools } = testPools({ clock: new FakeClock() });
  const queue = allocWorkqueue("behind", { flags: WQ_UNBOUND, maxActive: 10, pools });
  const log: unknown[] = [];
  queueWork(queue, recorded("exit", 0, log).work);
  for (let i = 0; i < 20; i++) queueWork(queue, recorded("echo", i, log).work);
  await flushWorkqueue(queue);
  assert.deepEqual(log, ["it called exit(3)", ...Array.from({ length: 20 }, (_, i) => i)]);
  await destroyWorkqueue(queue);
});

Deno.test("an item that crashed can be queued again by its onError", async () => {
  const { pools } = testPools();
  const queue = allocWorkqueue("retry", { pools });
  const item = recorded("close");
  let attempts = 0;
  item.work.callbacks.onError = () => void (++attempts < 3 && queueWork(queue, item.work));
  queueWork(queue, item.work);
  await until(() => attempts === 3, "three attempts");
  assert.equal(pools.stats[0].crashes, 3);
  await destroyWorkqueue(queue);
});

Deno.test("killWork() fails an item that blocks; one that is queued again runs elsewhere", async () => {
  const { pools, shared } = testPools();
  const queue = allocWorkqueue("kill", { flags: WQ_UNBOUND, pools });
  const item = recorded("block", 1);
  assert.equal(killWork(item.work, "not yet"), false);
  queueWork(queue, item.work);
  await until(() => shared.begun === 1, "it runs");
  queueWork(queue, item.work);
  assert.equal(killWork(item.work, "took too long"), true);
  assert.match(item.errors[0].message, /crashed while it ran "block": took too long$/);
  shared.open(1);
  await flushWork(item.work);
  assert.deepEqual(item.results, [1]);
  await destroyWorkqueue(queue);
});

Deno.test("a Worker that cannot start fails its items with the reason", async () => {
  const shared = new Int32Array(new SharedArrayBuffer(16));
  const { pools } = testPools({ init: { shared, refuse: true }, createRetryMs: 1 });
  const queue = allocWorkqueue("refuse", { flags: WQ_UNBOUND, maxActive: 2, pools });
  const items = [1, 2, 3].map((data) => recorded("echo", data));
  for (const { work } of items) queueWork(queue, work);
  await destroyWorkqueue(queue);
  for (const { errors: [error] } of items) {
    assert.equal(
      error.message,
      'No Worker could be started for "echo": Error: refused to start',
    );
  }
});

Deno.test("an entry that the runtime refuses fails its items with the reason", async () => {
  const { pools } = testPools({ entry: new URL("unknown:scheme") });
  const queue = allocWorkqueue("entry", { flags: WQ_UNBOUND, pools });
  const item = recorded("echo");
  queueWork(queue, item.work);
  await destroyWorkqueue(queue);
  assert.match(item.errors[0].message, /^No Worker could be started for "echo": ./);
});

Deno.test("an init that cannot be cloned fails items with the reason, and leaves no Worker", async () => {
  const { pools } = testPools({ init: () => 1 });
  const queue = allocWorkqueue("init", { flags: WQ_UNBOUND | WQ_MEM_RECLAIM, pools });
  const item = recorded("echo");
  queueWork(queue, item.work);
  await flushWork(item.work);
  assert.match(item.errors[0].message, /^No Worker could be started for "echo": .*clone/);
  assert.deepEqual([alive(pools), queue.rescuerStats?.alive], [0, false]);
  await destroyWorkqueue(queue);
});

Deno.test("a Worker that cannot be created fails nobody while others are there", async () => {
  const { pools, shared } = testPools({ growDelayMs: 0, createRetryMs: 1 });
  const queue = allocWorkqueue("full", { flags: WQ_UNBOUND, pools });
  await callWork(queue, "echo", "up");
  pools.options.source.create = () => {
    throw new Error("no thread can be had");
  };
  const items = [1, 1].map((data) => recorded("block", data));
  for (const { work } of items) queueWork(queue, work);
  await until(() => shared.begun === 1, "one runs");
  shared.open(1);
  await destroyWorkqueue(queue);
  assert.deepEqual(items.map(({ results }) => results), [[1], [1]]);
});

Deno.test("permissions are those of the pools", async () => {
  const url = new URL("./worker.ts", import.meta.url);
  const none = testPools().pools;
  const some = testPools({ permissions: { read: [url] } }).pools;
  const [closed, open] = [none, some].map((pools) =>
    allocWorkqueue("files", { flags: WQ_UNBOUND, pools })
  );
  await assert.rejects(callWork(closed, "open", "/etc/passwd"), /NotCapable: Requires read access/);
  await assert.rejects(callWork(open, "open", "/etc/passwd"), /NotCapable: Requires read access/);
  assert.match(await callWork<string>(open, "open", url.pathname), /runWork/);
  await Promise.all([closed, open].map(destroyWorkqueue));
});

Deno.test("without descriptors an item waits, and runs when there are some", async () => {
  const clock = new FakeClock();
  const { reserve, state, runDry } = fickleReserve();
  const { pools } = testPools({ clock, reserve, createRetryMs: 100 });
  const queue = allocWorkqueue("dry", { flags: WQ_UNBOUND, pools });
  runDry();
  const item = recorded("echo", "patient");
  queueWork(queue, item.work);
  await Promise.resolve();
  assert.deepEqual(clock.pendingMs, [100]);
  clock.advance(500);
  assert.equal(alive(pools), 0);
  assert.deepEqual(clock.pendingMs, [100], "it tries now and then, and does not spin");
  state.isEmpty = false;
  clock.advance(100);
  assert.equal(alive(pools), 1);
  await flushWork(item.work);
  assert.deepEqual(item.results, ["patient"]);
  await destroyWorkqueue(queue);
});

Deno.test("WQ_MEM_RECLAIM: the rescuer runs a queue's items when no Worker can be had", async () => {
  const { reserve, state, runDry } = fickleReserve();
  const clock = new FakeClock();
  const { pools } = testPools({ clock, reserve, cpus: 1 });
  const queue = allocWorkqueue("writeback", { flags: WQ_MEM_RECLAIM, pools });
  const other = allocWorkqueue("other", { pools });
  assert.equal(queue.rescuerStats?.alive, true);
  runDry();
  const log: unknown[] = [];
  const stranded = recorded("echo", "stranded");
  queueWork(other, stranded.work);
  for (let i = 0; i < 5; i++) queueWork(queue, recorded("echo", i, log).work);
  await until(() => {
    clock.advance(100);
    return log.length === 5;
  }, "the rescuer did the work");
  assert.deepEqual(log, [0, 1, 2, 3, 4]);
  assert.deepEqual([queue.stats.rescued, queue.rescuerStats?.items], [5, 5]);
  assert.equal(queue.rescuerStats?.name, "kworker/R-writeback");
  assert.deepEqual(stranded.results, [], "not the work of a queue without one");
  state.isEmpty = false;
  clock.advance(100);
  await flushWork(stranded.work);
  await callWork(queue, "echo", "as usual");
  assert.equal(queue.stats.rescued, 5);
  await Promise.all([queue, other].map(destroyWorkqueue));
});

Deno.test("WQ_MEM_RECLAIM: a rescuer that crashes fails its item and comes back", async () => {
  const { reserve, state, runDry } = fickleReserve();
  const clock = new FakeClock();
  const { pools } = testPools({ clock, reserve });
  const queue = allocWorkqueue("rescue", { flags: WQ_MEM_RECLAIM | WQ_UNBOUND, pools });
  runDry();
  const items = [recorded("exit"), recorded("echo", "after")];
  for (const { work } of items) queueWork(queue, work);
  await until(() => {
    clock.advance(100);
    return items[0].errors.length === 1;
  }, "the rescuer crashed");
  assert.match(items[0].errors[0].message, /^kworker\/R-rescue crashed while it ran "exit"/);
  state.isEmpty = false;
  clock.advance(100);
  await flushWork(items[1].work);
  assert.deepEqual(items[1].results, ["after"]);
  assert.equal(queue.rescuerStats?.created, 2);
  await destroyWorkqueue(queue);
});

Deno.test("WQ_MEM_RECLAIM: a rescuer that is lost before it began gives its item back", async () => {
  const { reserve, state, runDry } = fickleReserve();
  const clock = new FakeClock();
  const { pools, shared } = testPools({ clock, reserve });
  const queue = allocWorkqueue("rescue", { flags: WQ_MEM_RECLAIM | WQ_UNBOUND, pools });
  runDry();
  queueWork(queue, recorded("bomb", 1).work);
  await until(() => {
    clock.advance(100);
    return shared.begun === 1;
  }, "the rescuer blocks behind the owner's back");
  const item = recorded("echo", "in the end");
  queueWork(queue, item.work);
  await until(() => {
    clock.advance(100);
    return queue.stats.rescued === 2;
  }, "the rescuer has the second item");
  shared.open(1);
  await until(() => queue.rescuerStats?.crashes === 1, "the rescuer crashed");
  state.isEmpty = false;
  clock.advance(100);
  await flushWork(item.work);
  assert.deepEqual(item.results, ["in the end"]);
  await destroyWorkqueue(queue);
});

Deno.test("WQ_MEM_RECLAIM: the rescuer serves all cores in turn", async () => {
  const shared = new Shared();
  const { pools } = testPools({ init: { shared: shared.words, hang: true } }, shared);
  const queue = allocWorkqueue("cores", { flags: WQ_MEM_RECLAIM, pools });
  const items = [0, 1, 0, 1].map((data) => recorded("block", 1 + data));
  items.forEach(({ work }, i) => queueWorkOn(i % 2, queue, work));
  await until(() => shared.begun === 1, "the rescuer has the first");
  shared.open(2);
  await destroyWorkqueue(queue);
  assert.deepEqual(items.map(({ results }) => results), [[1], [2], [1], [2]]);
  assert.equal(queue.stats.rescued, 4);
});
