/** Replaying: which frame is shown when. */
import assert from "node:assert/strict";
import { indexAfter, replay, showReplay } from "../../../../play/page/runs/replay.ts";
import { addRun, runs } from "../../../../play/page/runs/runs.ts";
import { DEFAULT_SETUP } from "../../../../play/defaults.ts";
import { addFrame, frames as shown } from "../../../../play/page/store.ts";
import { SyntheticFrames } from "../../synthetic_frames.ts";

const frames = new SyntheticFrames([{ id: "a" }]).take(20);

Deno.test("indexAfter(): the last frame that is due", () => {
  const gap = frames[6].atMs - frames[5].atMs;
  assert.equal(indexAfter(frames, 5, gap - 0.1), 5);
  assert.equal(indexAfter(frames, 5, gap), 6);
  assert.equal(indexAfter(frames, 5, 1e6), 19);
  assert.equal(indexAfter(frames, 19, 1), 19);
});

Deno.test("showReplay(): the store shows the run up to the moment, and then the host again", () => {
  addFrame({ ...frames[0], atMs: 1 });
  const live = shown.value;
  const machine = {
    version: "",
    cpus: 1,
    os: "",
    kernel: "",
    engines: [],
    limits: { servers: 1, clients: 1, ratePerSecond: 1, durationMs: 1 },
    tools: [],
  };
  const recording = {
    format: "ktcp-play-1" as const,
    savedAt: "2026-11-28T11:30:00.000Z",
    machine,
    setup: DEFAULT_SETUP,
    frames,
  };
  const run = addRun({ recording, letters: new Map(), stride: 1 });
  showReplay({ run, at: 4, isPlaying: false });
  assert.deepEqual(shown.value, frames.slice(0, 5));
  showReplay({ at: 19 });
  assert.equal(replay.value?.isPlaying, false);
  assert.deepEqual(shown.value, frames);
  // Playing from the end begins anew.
  showReplay({ isPlaying: true });
  assert.equal(replay.value?.at, 0);
  addFrame({ ...frames[1], atMs: 2 });
  assert.deepEqual(shown.value, frames.slice(0, 1));
  showReplay(null);
  assert.deepEqual(shown.value.map(({ atMs }) => atMs), [...live.map(({ atMs }) => atMs), 2]);
  runs.value = [];
});
