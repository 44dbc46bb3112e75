/** The figures of a run, against what the frames were made of. */
import assert from "node:assert/strict";
import { figuresOf, loadedFrames, seriesOf } from "../../../../play/page/runs/figures.ts";
import type { Frame } from "../../../../play/protocol.ts";
import { SyntheticFrames } from "../../synthetic_frames.ts";

/** A second of quiet, three of load, and a second behind it. */
function makeRun(): Frame[] {
  const frames = new SyntheticFrames([
    { id: "a", rate: 10_000, latencyUs: 500, loadFrom: 10 },
    { id: "b", rate: 1000, latencyUs: 5000, loadFrom: 10 },
  ]).take(50);
  return frames.map((frame, i) => i < 40 ? frame : { ...frame, loads: [] });
}

Deno.test("loadedFrames(): from the frame before the load to its last", () => {
  const frames = makeRun();
  assert.deepEqual(loadedFrames(frames, "a"), frames.slice(9, 40));
  assert.deepEqual(loadedFrames(frames, "absent"), []);
});

Deno.test("figuresOf(): what the load counted, over the time in which it ran", () => {
  const frames = makeRun();
  const samples = frames.flatMap(({ loads }) => loads.filter(({ id }) => id === "load-a"))
    .flatMap(({ samples }) => samples);
  const answers = samples.reduce((sum, sample) => sum + sample.answers, 0);
  const seconds = (samples[samples.length - 1].endMs - samples[0].startMs) / 1000;
  const [a, b] = ["a", "b"].map((id) => figuresOf(frames, id));
  assert.equal(a.answers, answers);
  assert.ok(Math.abs(a.perSecond! / (answers / seconds) - 1) < 0.01, String(a.perSecond));
  assert.ok(a.perSecond! > 5 * b.perSecond!);
  assert.ok(a.p50Us! < a.p99Us! && a.p99Us! <= a.maxUs!);
  assert.ok(b.p50Us! > 5 * a.p50Us!);
  assert.ok(a.kernelShare! > 0.3 && a.kernelShare! < 0.6);
  assert.equal(a.errors, a.refused! + a.cutOff!);
  assert.equal(a.heldClosed, 0);
  assert.equal(a.firstClosedUs, null);
});

Deno.test("figuresOf(): when the first held connection was closed, and how many were", () => {
  const frames = makeRun().map((frame, i) => ({
    ...frame,
    loads: frame.loads.map((load) => ({
      ...load,
      held: i < 20 ? { open: 7, closed: 0 } : { open: 0, closed: 7 },
    })),
  }));
  const { heldClosed, firstClosedUs } = figuresOf(frames, "a");
  assert.equal(heldClosed, 7);
  // The load appears in frame 10: a second before frame 20.
  assert.ok(Math.abs(firstClosedUs! - 1.1e6) < 1e5, String(firstClosedUs));
});

Deno.test("figuresOf(): of a server without a load nothing is known", () => {
  const known = Object.values(figuresOf(makeRun(), "absent")).filter((value) => value !== null);
  assert.deepEqual(known, []);
});

Deno.test("seriesOf(): the area below the line is the number of answers", () => {
  const frames = makeRun();
  const { seconds, perSecond } = seriesOf(frames, "a");
  const { answers, perSecond: mean } = figuresOf(frames, "a");
  assert.ok(seconds.length >= 11 && seconds.length <= 13, String(seconds.length));
  const area = perSecond.reduce((sum, rate) => sum + rate * 0.25, 0);
  assert.ok(Math.abs(area / answers! - 1) < 0.1);
  // No teeth: samples of 100 ms do not fit into steps of 250 ms.
  for (const rate of perSecond) assert.ok(Math.abs(rate / mean! - 1) < 0.4, String(perSecond));
  assert.deepEqual(seriesOf(frames, "absent"), { seconds: [], perSecond: [] });
});
