/** Files of runs: read as they were saved, and anything else refused. */
import assert from "node:assert/strict";
import { readRecording, RecordingError } from "../../../../play/page/runs/recording.ts";
import { DEFAULT_SETUP } from "../../../../play/defaults.ts";
import type { Recording } from "../../../../play/protocol.ts";
import { SyntheticFrames } from "../../synthetic_frames.ts";

const RECORDING: Recording = {
  format: "ktcp-play-1",
  savedAt: "2026-11-28T11:30:00.000Z",
  machine: {
    version: "0.0.0",
    cpus: 2,
    os: "linux",
    kernel: "6.12",
    engines: ["deno"],
    limits: { servers: 4, clients: 2000, ratePerSecond: 1000, durationMs: 60_000 },
    tools: [],
  },
  setup: DEFAULT_SETUP,
  frames: new SyntheticFrames([{ id: "a" }]).take(5),
};

Deno.test("readRecording(): a run is read as it was saved", () => {
  assert.deepEqual(readRecording(JSON.stringify(RECORDING)), RECORDING);
});

const FAULTY: readonly [string, unknown, RegExp][] = [
  ["a word", "text", /format/],
  ["null", null, /format/],
  ["a later format", { ...RECORDING, format: "ktcp-play-2" }, /"format": "ktcp-play-1"/],
  ["no machine", { ...RECORDING, machine: undefined }, /machine or savedAt is missing/],
  ["no frames", { ...RECORDING, frames: [] }, /no frames/],
  ["a faulty frame", { ...RECORDING, frames: [...RECORDING.frames, {}] }, /frames\[5\]/],
  ["a faulty set-up", { ...RECORDING, setup: { servers: [] } }, /setup: load is missing/],
];

for (const [name, value, why] of FAULTY) {
  Deno.test(`readRecording(): ${name} is refused`, () => {
    assert.throws(() => readRecording(JSON.stringify(value)), (error) => {
      assert.ok(error instanceof RecordingError);
      assert.match(error.message, why);
      return true;
    });
  });
}

Deno.test("readRecording(): what is not JSON is refused", () => {
  assert.throws(() => readRecording("{"), RecordingError);
});
