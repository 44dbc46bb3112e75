/** What the kernel tells of the threads of this process. */
import assert from "node:assert/strict";
import { ProcessThreads } from "../../../system/linux/process_threads.ts";
import { until } from "../../support/until.ts";

/** A Worker that computes as long as the first of the words that it is sent is 0. */
const ENTRY = `data:text/javascript,${
  encodeURIComponent(`
    self.onmessage = ({ data }) => {
      while (Atomics.load(data, 0) === 0);
    };
  `)
}`;

function test(name: string, fn: (threads: ProcessThreads) => Promise<void> | void): void {
  const ignore = Deno.build.os !== "linux";
  Deno.test({ name: `ProcessThreads: ${name}`, ignore, fn: () => fn(ProcessThreads.open()!) });
}

test("newestWorker() names the thread of the Worker that was created last", async (threads) => {
  assert.equal(threads.newestWorker(), null, "none was created since");
  const workers = Array.from({ length: 3 }, () => {
    const worker = new Worker(ENTRY, { type: "module" });
    return { worker, thread: threads.newestWorker()! };
  });
  assert.ok(workers.every(({ thread }) => thread > 0));
  assert.equal(new Set(workers.map(({ thread }) => thread)).size, workers.length);
  assert.equal(threads.newestWorker(), null);
  const [, { worker, thread }] = workers;
  const word = new Int32Array(new SharedArrayBuffer(4));
  worker.postMessage(word);
  const sleeping = () => workers.map(({ thread }) => threads.read(thread)!.state === "sleeping");
  await until(() => String(sleeping()) === "true,false,true", () => String(sleeping()));
  const before = threads.read(thread)!;
  assert.equal(before.state, "runnable");
  await until(() => threads.read(thread)!.cpuUs! > before.cpuUs! + 10_000, "its time passes");
  assert.ok(threads.read(thread)!.waitedUs! >= before.waitedUs!);
  Atomics.store(word, 0, 1);
  await until(() => sleeping()[1]);
  for (const { worker } of workers) worker.terminate();
  await until(() => workers.every(({ thread }) => threads.read(thread) === null), "all have ended");
});

test("ownCpuUs() counts what this thread has computed", (threads) => {
  const beforeUs = threads.ownCpuUs();
  const endMs = performance.now() + 20;
  while (performance.now() < endMs);
  const usedUs = threads.ownCpuUs() - beforeUs;
  assert.ok(usedUs > 100 && usedUs < 1e6, `${usedUs} us`);
  const { cpuUs } = threads.ownTimes();
  // The scheduler counts a thread that runs from time to time.
  assert.ok(Math.abs(cpuUs! - threads.ownCpuUs()) < 50_000);
});
