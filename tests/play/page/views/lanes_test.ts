import assert from "node:assert/strict";
import { lanes } from "../../../../play/page/views/lanes.ts";
import type { ThreadSample } from "../../../../servers/models/server_sample.ts";
import { frameAt, SERVER } from "./frames.ts";

const NAME = "kworker/u:0";

/** A Worker of a pool. */
function worker(
  state: ThreadSample["state"],
  { isAlive = true, created = 1, crashes = 0, busyUs = 0, items = 0 } = {},
): ThreadSample {
  const work = { name: NAME, cpu: null, alive: isAlive, created, items, busyUs, crashes };
  return { name: NAME, state, isAlive, work };
}

/** Frames a tenth of a second apart, with what each tells of the Worker. */
function frames(...threads: (ThreadSample | null | "not told")[]) {
  return threads.map((thread, i) =>
    frameAt(i * 100, {
      sample: thread === "not told" ? null : { threads: thread === null ? [] : [thread] },
    })
  );
}

const GONE = { isAlive: false };

const SEGMENTS: {
  name: string;
  threads: Parameters<typeof frames>;
  expected: [number, number, string][];
}[] = [
  {
    name: "a state lasts until the next sample that differs",
    threads: [worker("idle"), worker("idle"), worker("busy"), worker("busy"), worker("blocked")],
    expected: [[0, 200, "idle"], [200, 400, "busy"], [400, 400, "blocked"]],
  },
  {
    name: "nothing is known between samples where one is missing",
    threads: [worker("busy"), worker("busy"), "not told", worker("busy"), worker("busy")],
    expected: [[0, 100, "busy"], [300, 400, "busy"]],
  },
  {
    name: "no Worker, and one whose state cannot be told",
    threads: [worker(null, GONE), worker(null), worker(null)],
    expected: [[0, 100, "gone"], [100, 200, "unknown"]],
  },
];

for (const { name, threads, expected } of SEGMENTS) {
  Deno.test(`lanes(): ${name}`, () => {
    const [lane] = lanes(frames(...threads), SERVER);
    assert.deepEqual(
      lane.segments.map(({ fromMs, toMs, state }) => [fromMs, toMs, state]),
      expected,
    );
  });
}

const MARKS: {
  name: string;
  threads: Parameters<typeof frames>;
  expected: [number, string][];
}[] = [
  {
    name: "a Worker that was there when one began to look was not created then",
    threads: [worker("idle"), worker("idle")],
    expected: [],
  },
  {
    name: "a place that appears with a Worker",
    threads: [null, worker("idle")],
    expected: [[100, "created"]],
  },
  {
    name: "a Worker comes and goes",
    threads: [worker(null, { isAlive: false, created: 0 }), worker("busy"), worker(null, GONE)],
    expected: [[100, "created"], [200, "reaped"]],
  },
  {
    name: "one went and another came between two samples",
    threads: [worker("idle"), worker("idle", { created: 2 })],
    expected: [[100, "reaped"], [100, "created"]],
  },
  {
    name: "one that crashed and its successor",
    threads: [worker("busy"), worker("busy", { created: 2, crashes: 1 })],
    expected: [[100, "crashed"], [100, "created"]],
  },
  {
    name: "what happened while nothing was told is not known",
    threads: [worker("idle"), "not told", worker(null, GONE)],
    expected: [],
  },
];

for (const { name, threads, expected } of MARKS) {
  Deno.test(`lanes(): marks: ${name}`, () => {
    const [lane] = lanes(frames(...threads), SERVER);
    assert.deepEqual(lane.marks.map(({ atMs, kind }) => [atMs, kind]), expected);
  });
}

Deno.test("lanes(): says how busy a Worker was, and what it does now", () => {
  const all = frames(
    worker("busy", { busyUs: 1_000_000, items: 7 }),
    worker("busy", { busyUs: 1_050_000, items: 8 }),
    worker("blocked", { busyUs: 1_150_000, items: 9 }),
  );
  const [{ busyShare, state, items }] = lanes(all, SERVER);
  assert.deepEqual({ busyShare, state, items }, { busyShare: 0.75, state: "blocked", items: 9 });
});

Deno.test("lanes(): a thread without work items has no share", () => {
  const main: ThreadSample = { name: "main", state: "busy", isAlive: true };
  const [lane] = lanes(frames(main, main), SERVER);
  assert.deepEqual([lane.busyShare, lane.items], [null, null]);
});

Deno.test("lanes(): break where frames are missing", () => {
  const all = [0, 100, 2000, 2100].map((atMs) =>
    frameAt(atMs, { sample: { threads: [worker("busy")] } })
  );
  const [lane] = lanes(all, SERVER);
  assert.deepEqual(lane.segments.map(({ fromMs, toMs }) => [fromMs, toMs]), [[0, 100], [
    2000,
    2100,
  ]]);
});
