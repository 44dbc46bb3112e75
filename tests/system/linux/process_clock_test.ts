/** CPU time of processes, from their clocks and in ticks. */
import assert from "node:assert/strict";
import { cpuDuring, readProcessClockUs } from "../../../system/linux/process_clock.ts";
import { parseTicks } from "../../../system/process_usage.ts";

const ignore = Deno.build.os !== "linux";

function spin(durationMs: number): Promise<string> {
  const endMs = performance.now() + durationMs;
  while (performance.now() < endMs);
  return Promise.resolve("done");
}

Deno.test("parseTicks(): user and kernel time, whatever the process is called", () => {
  const before = "42 (a) b (c) S 1 42 42 0 -1 4194560 900 0 0 0 ";
  assert.deepEqual(parseTicks(`${before}250 75 0 0 20 0 9`), { userTicks: 250, systemTicks: 75 });
});

Deno.test({
  name: "readProcessClockUs(): is finer than a tick, and null for no process",
  ignore,
  fn: async () => {
    const startUs = readProcessClockUs(Deno.pid)!;
    await spin(1);
    const usedUs = readProcessClockUs(Deno.pid)! - startUs;
    assert.ok(usedUs > 0 && usedUs % 10_000 !== 0, `${usedUs} µs`);
    // Above the largest number that Linux gives to a process.
    assert.equal(readProcessClockUs(2 ** 22 + 1), null);
  },
});

Deno.test({
  name: "cpuDuring(): measures processes, and leaves out what it cannot resolve",
  ignore,
  fn: async () => {
    const short = await cpuDuring([Deno.pid], () => spin(5));
    assert.equal(short.value, "done");
    assert.ok(short.cpu!.totalUs > 0);
    assert.equal(short.cpu!.split, null, "5 ms are too few ticks for two parts");
    assert.equal((await cpuDuring([], () => spin(1))).cpu, null);
    assert.equal((await cpuDuring([Deno.pid, 2 ** 22 + 1], () => spin(1))).cpu, null);
  },
});

Deno.test({
  name: "cpuDuring(): the parts of a long run are those of its whole",
  ignore,
  fn: async () => {
    // Reading a file again and again spends time in both modes.
    const { cpu } = await cpuDuring([Deno.pid], () => {
      const endMs = performance.now() + 500;
      while (performance.now() < endMs) Deno.readFileSync("/proc/self/stat");
      return Promise.resolve();
    });
    // On a busy machine it gets less of the CPU than it takes.
    if (cpu!.totalUs < 300_000) return;
    const { userUs, systemUs } = cpu!.split!;
    assert.ok(userUs > 0 && systemUs > 0);
    assert.ok(Math.abs(userUs + systemUs - cpu!.totalUs) < 1);
  },
});
