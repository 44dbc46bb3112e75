/** What is told of threads where the kernel cannot be asked. */
import assert from "node:assert/strict";
import { withinAttempts } from "../../support/attempts.ts";
import { ThreadWatch, watchedOwner, watchedWorkers } from "../../../servers/models/thread_watch.ts";
import type { ThreadState } from "../../../servers/models/server_sample.ts";
import type { WorkerPlace } from "../../../servers/workqueue/mod.ts";
import { sleep } from "../../../system/wait.ts";

function place(changes: Partial<WorkerPlace>, alive = true): WorkerPlace {
  const stats = {
    name: "kworker/u:0",
    cpu: null,
    alive,
    created: 1,
    items: 0,
    busyUs: 0,
    crashes: 0,
  };
  return { stats, thread: 7, hasItem: false, isAsleep: false, isBlocked: false, ...changes };
}

const CASES: readonly [name: string, place: WorkerPlace, state: ThreadState | null][] = [
  ["without an item it is idle", place({}), "idle"],
  ["that says so is blocked", place({ hasItem: true, isBlocked: true }), "blocked"],
  ["with an item may be either", place({ hasItem: true }), null],
  ["that is not there does nothing", place({}, false), null],
];

for (const [name, one, state] of CASES) {
  Deno.test(`ThreadWatch: without the kernel, a Worker ${name}`, () => {
    const isAlive = one.stats.alive;
    const watch = new ThreadWatch(undefined);
    assert.deepEqual(watch.workers([one], () => true), [{ state, isAlive }]);
    assert.deepEqual(watchedWorkers(undefined, [one], () => true), [{ state: null, isAlive }]);
  });
}

Deno.test("ThreadWatch: the own thread is blocked when it slept in work for most of the time", async () => {
  const watch = new ThreadWatch(undefined);
  assert.equal(watch.ownThread().state, null);
  watch.noteBlocked(true);
  await sleep(30);
  watch.noteBlocked(false);
  assert.equal(watch.ownThread().state, "blocked");
  assert.equal(watch.ownThread().state, null);
  assert.deepEqual(watchedOwner(undefined), { state: null, isAlive: true });
});

Deno.test({
  name: "ThreadWatch: what looks cost the own thread is not the server's",
  ignore: Deno.build.os !== "linux",
  // A thread that waits for a CPU is busy, so on a busy machine an idle one may be, too.
  fn: () => withinAttempts(seeCharged, "ThreadWatch: what looks cost the own thread"),
});

async function seeCharged(): Promise<void> {
  const watch = await ThreadWatch.open();
  const compute = (ms: number) => {
    const startUs = watch.ownCpuUs();
    const endMs = performance.now() + ms;
    while (performance.now() < endMs);
    return watch.ownCpuUs() - startUs;
  };
  watch.ownThread();
  compute(60);
  assert.equal(watch.ownThread().state, "busy");
  await sleep(100);
  watch.charge(compute(60));
  await sleep(60);
  assert.equal(watch.ownThread().state, "idle");
}
