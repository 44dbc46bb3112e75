/** What a process uses, against what it does. */
import assert from "node:assert/strict";
import { CpuSplit, ProcessReader } from "../../../system/linux/process_reader.ts";
import { Process } from "../../../system/process.ts";
import { until } from "../../support/until.ts";

const isLinux = Deno.build.os === "linux";

Deno.test("CpuSplit: the parts add up to the whole, have the ratio of the ticks, and never fall", () => {
  const split = new CpuSplit();
  const steps: [userTicks: number, systemTicks: number, totalUs: number | null][] = [
    [0, 0, 3000],
    [1, 0, 11_000],
    // As many ticks as in user mode, all at once: what was told stays told.
    [1, 1, 20_500],
    [1, 3, 41_000],
    [10, 30, 405_000],
    // A clock that is not there any more.
    [10, 30, null],
  ];
  let before = { userUs: 0, systemUs: 0 };
  for (const [userTicks, systemTicks, totalUs] of steps) {
    const parts = split.next({ userTicks, systemTicks }, totalUs);
    const text = JSON.stringify({ userTicks, systemTicks, totalUs, parts, before });
    assert.ok(parts.userUs >= before.userUs && parts.systemUs >= before.systemUs, text);
    if (totalUs !== null) {
      assert.ok(Math.abs(parts.userUs + parts.systemUs - totalUs) < 0.001, text);
    }
    before = parts;
  }
  assert.deepEqual(before, { userUs: 101_250, systemUs: 303_750 });
  assert.deepEqual(new CpuSplit().next({ userTicks: 2, systemTicks: 3 }, null), {
    userUs: 20_000,
    systemUs: 30_000,
  });
});

Deno.test({
  name: "ProcessReader: CPU time, memory and threads of a process, until it has ended",
  ignore: !isLinux,
  fn: async () => {
    const process = new Process(["sh", "-c", "while :; do :; done"]);
    const reader = new ProcessReader(process.pid);
    try {
      const startMs = performance.now();
      const first = reader.read()!;
      assert.deepEqual([first.pid, first.threads], [process.pid, 1]);
      assert.ok(first.rssBytes > 100_000, `${first.rssBytes}`);
      await until(() => reader.read()!.userUs > first.userUs + 50_000);
      const { userUs, systemUs } = reader.read()!;
      const elapsedUs = (performance.now() - startMs) * 1000;
      const usedUs = userUs + systemUs - first.userUs - first.systemUs;
      assert.ok(usedUs <= 1.05 * elapsedUs + 10_000, `${usedUs} of ${elapsedUs} us`);
    } finally {
      await process.stop("SIGKILL");
    }
    await until(() => reader.read() === null);
  },
});

Deno.test({
  name: "ProcessReader: CPU time grows by less than a tick of 10 ms",
  ignore: !isLinux,
  fn: () => {
    const reader = new ProcessReader(Deno.pid);
    const useOf = () => {
      const { userUs, systemUs } = reader.read()!;
      return userUs + systemUs;
    };
    const before = useOf();
    const endMs = performance.now() + 2;
    while (performance.now() < endMs);
    const grownUs = useOf() - before;
    assert.ok(grownUs > 500, `${grownUs} us`);
  },
});
