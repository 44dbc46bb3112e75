/** CpuWait: when a process calls its CPUs short. */
import assert from "node:assert/strict";
import { CpuWait } from "../../system/cpu_wait.ts";

const MS = 1e6;

/** Samples at `ms`, with the time that threads have waited so far in ms; null: unreadable. */
type Sample = [ms: number, waitsMs: Record<string, number> | null, isShort: boolean];

const CASES: Record<string, Sample[]> = {
  "one thread waits all the time": [
    [0, { a: 0, b: 500 }, false],
    [100, { a: 100, b: 500 }, true],
    [200, { a: 150, b: 549 }, false],
    [300, { a: 200, b: 600 }, true],
  ],
  "no sample is taken before its time": [
    [0, { a: 0 }, false],
    [100, { a: 100 }, true],
    [150, { a: 100 }, true],
    [200, { a: 100 }, false],
  ],
  "threads that come and go do not count": [
    [0, { a: 0, old: 0 }, false],
    [100, { a: 50, new: 9000 }, false],
    [200, { a: 50, new: 9100 }, true],
  ],
  "samples far apart say nothing": [
    [0, { a: 0 }, false],
    [1001, { a: 5000 }, false],
    [2001, { a: 6000 }, true],
  ],
  "what cannot be read is not known": [
    [0, null, false],
    [100, { a: 1000 }, false],
    [200, null, false],
    [300, { a: 3000 }, false],
    [400, { a: 3100 }, true],
  ],
};

for (const [name, samples] of Object.entries(CASES)) {
  Deno.test(`CpuWait.isShort(): ${name}`, () => {
    let [now, waits] = samples[0];
    const read = () => {
      const all = waits && Object.entries(waits).map(([id, ms]) => [id, ms * MS] as const);
      return all && new Map(all);
    };
    const wait = new CpuWait(read, () => now);
    for (const [ms, waitsMs, isShort] of samples) {
      [now, waits] = [ms, waitsMs];
      assert.equal(wait.isShort(), isShort, `at ${ms} ms`);
    }
  });
}

Deno.test({
  name: "CpuWait.isShort(): sees threads that compute on more threads than there are CPUs",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const source = "onmessage = () => { for (;;); }; postMessage(0);";
    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    const workers = Array.from(
      { length: navigator.hardwareConcurrency + 2 },
      () => new Worker(url, { type: "module" }),
    );
    try {
      await Promise.all(workers.map((worker) => new Promise((ready) => worker.onmessage = ready)));
      for (const worker of workers) worker.postMessage(0);
      const wait = new CpuWait();
      while (!wait.isShort()) await new Promise((next) => setTimeout(next, 20));
    } finally {
      for (const worker of workers) worker.terminate();
      URL.revokeObjectURL(url);
    }
  },
});
