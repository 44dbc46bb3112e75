import assert from "node:assert/strict";
import {
  allocWorkqueue,
  cancelDelayedWork,
  destroyWorkqueue,
  drainWorkqueue,
  flushWork,
  flushWorkqueue,
  modDelayedWork,
  queueDelayedWork,
  queueWork,
  WQ_UNBOUND,
} from "../../../servers/workqueue/mod.ts";
import { FakeClock, recorded, testPools } from "./support.ts";

function delayedQueue(name: string) {
  const clock = new FakeClock();
  const { pools } = testPools({ clock });
  return { clock, queue: allocWorkqueue(name, { flags: WQ_UNBOUND, pools }) };
}

Deno.test("queueDelayedWork() queues when its time has come, and not before", async () => {
  const { clock, queue } = delayedQueue("delay");
  const { work, results } = recorded("echo", 1);
  assert.equal(queueDelayedWork(queue, work, 100), true);
  assert.equal(queueDelayedWork(queue, work, 5), false, "pending");
  assert.equal(queueWork(queue, work), false, "pending");
  clock.advance(99);
  await flushWorkqueue(queue);
  await drainWorkqueue(queue);
  assert.equal(queue.stats.queued, 0, "neither flush nor drain hurries it");
  clock.advance(1);
  assert.equal(queue.stats.queued, 1);
  await flushWork(work);
  assert.deepEqual(results, [1]);
  await destroyWorkqueue(queue);
});

Deno.test("queueDelayedWork() without delay queues at once", async () => {
  const { clock, queue } = delayedQueue("now");
  const { work, results } = recorded("echo", 1);
  queueDelayedWork(queue, work, 0);
  assert.deepEqual(clock.pendingMs, []);
  await flushWork(work);
  assert.deepEqual(results, [1]);
  await destroyWorkqueue(queue);
});

Deno.test("modDelayedWork() sets the time anew", async () => {
  const { clock, queue } = delayedQueue("mod");
  const { work, results } = recorded("echo", 1);
  assert.equal(modDelayedWork(queue, work, 100), false);
  assert.equal(modDelayedWork(queue, work, 200), true);
  clock.advance(150);
  assert.equal(queue.stats.queued, 0);
  assert.equal(modDelayedWork(queue, work, 10), true);
  clock.advance(10);
  await flushWork(work);
  assert.deepEqual(results, [1]);
  await destroyWorkqueue(queue);
});

Deno.test("cancelDelayedWork() stops the timer", async () => {
  const { clock, queue } = delayedQueue("cancel");
  const { work } = recorded("echo", 1);
  queueDelayedWork(queue, work, 100);
  assert.equal(cancelDelayedWork(work), true);
  assert.equal(cancelDelayedWork(work), false);
  assert.deepEqual(clock.pendingMs, []);
  clock.advance(200);
  assert.equal(queue.stats.queued, 0);
  await destroyWorkqueue(queue);
});

Deno.test("flushWork() does not wait for the delay", async () => {
  const { queue } = delayedQueue("flush");
  const { work, results } = recorded("echo", 1);
  queueDelayedWork(queue, work, 1e6);
  assert.equal(await flushWork(work), true);
  assert.deepEqual(results, [1]);
  await destroyWorkqueue(queue);
});

Deno.test("destroyWorkqueue() runs delayed items before it ends", async () => {
  const { clock, queue } = delayedQueue("destroy");
  const items = [1, 2, 3].map((data) => recorded("echo", data));
  for (const { work } of items) queueDelayedWork(queue, work, 1e6);
  await destroyWorkqueue(queue);
  assert.deepEqual(items.map(({ results }) => results), [[1], [2], [3]]);
  assert.deepEqual(clock.pendingMs, [], "no timer is left");
});

Deno.test("destroyWorkqueue() runs what a callback delayed meanwhile", async () => {
  const clock = new FakeClock();
  const { pools } = testPools({ clock });
  const queue = allocWorkqueue("chain", { flags: WQ_UNBOUND, pools });
  const [first, last] = [recorded("echo", 1), recorded("echo", 2)];
  first.work.callbacks.onResult = () => void queueDelayedWork(queue, last.work, 1000);
  queueWork(queue, first.work);
  await destroyWorkqueue(queue);
  assert.deepEqual(last.results, [2]);
  assert.deepEqual(clock.pendingMs, []);
});
