/** CpuPressure: when CPUs are called short. */
import assert from "node:assert/strict";
import { CpuPressure } from "../../system/cpu_pressure.ts";

/** Samples at `ms`, with the time that threads have waited so far in ms; null: unreadable. */
type Sample = [ms: number, waitedMs: number | null, isShort: boolean];

const CASES: Record<string, Sample[]> = {
  "threads wait for 40 % of the time": [
    [0, 700, true],
    [100, 739, false],
    [200, 779, true],
    [300, 818, false],
  ],
  "no sample is taken before its time": [
    [0, 0, true],
    [25, 0, false],
    [49, 24, false],
    [50, 25, true],
  ],
  "after a long time it is to be seen": [
    [0, 0, true],
    [100, 0, false],
    [1101, 0, true],
    [1126, 0, false],
  ],
  "what cannot be read is not known": [
    [0, null, false],
    [100, 1000, true],
    [200, null, false],
    [300, 3000, true],
    [400, 3000, false],
  ],
};

for (const [name, samples] of Object.entries(CASES)) {
  Deno.test(`CpuPressure.isShort(): ${name}`, () => {
    let [now, waitedMs] = samples[0];
    const source = { readUs: () => waitedMs && waitedMs * 1e3, close: () => {} };
    const pressure = new CpuPressure(source, () => now);
    for (const sample of samples) {
      [now, waitedMs] = sample;
      assert.equal(pressure.isShort(), sample[2], `at ${now} ms`);
    }
  });
}

const hasPressure = (() => {
  try {
    return Deno.readTextFileSync("/proc/pressure/cpu").includes("total=");
  } catch {
    return false;
  }
})();

// In a process of its own, because what was given up does not come back.
Deno.test({
  name: "CpuPressure.isShort(): sees that CPUs are short when permissions have been given up",
  ignore: !hasPressure,
  async fn() {
    const module = new URL("../../system/cpu_pressure.ts", import.meta.url);
    const source = `
      import { CpuPressure } from ${JSON.stringify(module.href)};
      const pressure = new CpuPressure();
      const busy = "onmessage = () => { for (;;); }; postMessage(0);";
      const url = URL.createObjectURL(new Blob([busy], { type: "text/javascript" }));
      const create = () => new Worker(url, { type: "module" });
      const workers = Array.from({ length: navigator.hardwareConcurrency + 2 }, create);
      await Promise.all(workers.map((worker) => new Promise((ready) => worker.onmessage = ready)));
      for (const name of ["run", "env", "sys", "import", "write"]) {
        Deno.permissions.revokeSync({ name });
      }
      const pause = () => new Promise((next) => setTimeout(next, 30));
      pressure.isShort();
      for (const worker of workers) worker.postMessage(0);
      do await pause(); while (!pressure.isShort());
      console.log("short");
      Deno.exit();
    `;
    const args = ["run", "-A", "--no-lock", `data:text/javascript,${encodeURIComponent(source)}`];
    const output = await new Deno.Command(Deno.execPath(), { args }).output();
    assert.equal(new TextDecoder().decode(output.stdout), "short\n");
  },
});
