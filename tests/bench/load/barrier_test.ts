import assert from "node:assert/strict";
import { Barrier, BrokenBarrier } from "../../../bench/load/barrier.ts";

/** Starts `count` Workers on a barrier of `parties`; the promise holds what each of them posts. */
function startWorkers(barrier: Barrier, count: number, parties: number, rounds: number) {
  const counter = new SharedArrayBuffer(4);
  const workers = Array.from(
    { length: count },
    () =>
      new Worker(new URL("./barrier_worker.ts", import.meta.url), {
        type: "module",
        deno: { permissions: "none" },
      }),
  );
  const answers = Promise.all(workers.map((worker) =>
    new Promise<string>((resolve, reject) => {
      worker.onmessage = (event) => resolve(event.data);
      worker.onerror = (event) => reject(new Error(event.message));
      worker.postMessage({ barrier: barrier.shared, counter, parties, rounds });
    }).finally(() => worker.terminate())
  ));
  return { answers, counter: new Int32Array(counter) };
}

Deno.test("Barrier: releases Workers and the main thread together, round after round", async () => {
  const rounds = 20;
  const barrier = Barrier.create(4);
  const { answers, counter } = startWorkers(barrier, 3, 4, rounds);
  for (let round = 1; round <= rounds; round++) {
    Atomics.add(counter, 0, 1);
    await barrier.wait();
    assert.ok(Atomics.load(counter, 0) >= 4 * round, `round ${round} opened early`);
  }
  assert.deepEqual(await answers, ["early 0", "early 0", "early 0"]);
});

Deno.test("Barrier: one party passes at once", async () => {
  const barrier = Barrier.create(1);
  await barrier.wait();
  await barrier.wait();
});

Deno.test("Barrier.break(): wakes the waiting and refuses the coming", async () => {
  const barrier = Barrier.create(4);
  const { answers, counter } = startWorkers(barrier, 2, 4, 1);
  const here = barrier.wait();
  while (Atomics.load(counter, 0) < 2) await new Promise((resolve) => setTimeout(resolve, 1));
  // Either the Workers wait by now or they are about to: both have to end.
  new Barrier(barrier.shared).break();
  await assert.rejects(here, BrokenBarrier);
  await assert.rejects(barrier.wait(), BrokenBarrier);
  const seen = await answers;
  assert.ok(seen.every((answer) => answer === "BrokenBarrier"), seen.join());
});

Deno.test("Barrier.wait(): breaks the barrier when time runs out", async () => {
  const barrier = Barrier.create(2);
  await assert.rejects(barrier.wait(5), BrokenBarrier);
  await assert.rejects(barrier.wait(), BrokenBarrier);
});
