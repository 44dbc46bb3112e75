/** A recorder's memory is bounded, and what loads told is kept whole. */
import assert from "node:assert/strict";
import { Recorder } from "../../../../play/page/runs/recorder.ts";
import type { Frame } from "../../../../play/protocol.ts";
import { SyntheticFrames } from "../../synthetic_frames.ts";

function answersIn(frames: readonly Frame[]): number {
  return frames.flatMap(({ loads }) => loads.flatMap(({ samples }) => samples))
    .reduce((sum, { answers }) => sum + answers, 0);
}

function record(frames: readonly Frame[], limits: { frames: number; values: number }) {
  const recorder = new Recorder(limits);
  for (const frame of frames) recorder.add(frame);
  return { kept: recorder.finish(), stride: recorder.stride };
}

Deno.test("Recorder: keeps every frame while there is room", () => {
  const frames = new SyntheticFrames([{ id: "a" }]).take(20);
  const { kept, stride } = record(frames, { frames: 20, values: 1e6 });
  assert.deepEqual(kept, frames);
  assert.equal(stride, 1);
});

for (const count of [21, 39, 40, 41, 100, 333]) {
  Deno.test(`Recorder: of ${count} frames at most 20 and the last are kept, and all samples`, () => {
    const frames = new SyntheticFrames([{ id: "a", connections: 3 }]).take(count);
    const { kept, stride } = record(frames, { frames: 20, values: 1e6 });
    assert.ok(kept.length > 8 && kept.length <= 21, String(kept.length));
    assert.ok(stride > 1);
    assert.equal(answersIn(kept), answersIn(frames));
    assert.equal(kept[0].atMs, frames[0].atMs);
    assert.equal(kept[kept.length - 1].atMs, frames[count - 1].atMs);
    const times = kept.map(({ atMs }) => atMs);
    assert.deepEqual(times, times.toSorted((a, b) => a - b));
    const indexes = kept.map(({ atMs }) => frames.findIndex((frame) => frame.atMs === atMs));
    const steps = indexes.slice(1).map((index, i) => index - indexes[i]).slice(0, -1);
    assert.deepEqual([...new Set(steps)], [stride]);
  });
}

Deno.test("Recorder: many connections use the room up as well", () => {
  const frames = new SyntheticFrames([{ id: "a", connections: 500 }]).take(40);
  const { kept, stride } = record(frames, { frames: 1000, values: 20_000 });
  assert.ok(stride >= 4, String(stride));
  assert.equal(answersIn(kept), answersIn(frames));
});

Deno.test("Recorder: a load that ends between two kept frames keeps its last samples", () => {
  const frames = new SyntheticFrames([{ id: "a" }]).take(12);
  const ended = frames.map((frame, i) => i < 7 ? frame : { ...frame, loads: [] });
  const { kept } = record(ended, { frames: 4, values: 1e6 });
  assert.equal(answersIn(kept), answersIn(ended));
});
