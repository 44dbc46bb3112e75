import assert from "node:assert/strict";
import { overWindows, withGaps } from "../../../../play/page/views/windows.ts";
import { frameAt, SERVER } from "./frames.ts";

const CASES: { name: string; times: number[]; expected: number[][] }[] = [
  { name: "no frame", times: [], expected: [] },
  {
    name: "a window spans at least a second",
    times: [0, 400, 800, 1200, 1600],
    expected: [[0], [0, 400], [0, 400, 800], [0, 400, 800, 1200], [400, 800, 1200, 1600]],
  },
  {
    name: "a frame exactly a second old is the first one",
    times: [0, 500, 1000, 1500],
    expected: [[0], [0, 500], [0, 500, 1000], [500, 1000, 1500]],
  },
  {
    name: "no window reaches across a gap",
    times: [0, 100, 700, 800],
    expected: [[0], [0, 100], [700], [700, 800]],
  },
];

for (const { name, times, expected } of CASES) {
  Deno.test(`overWindows(): ${name}`, () => {
    const windows = overWindows((window) => window.map(({ atMs }) => atMs));
    assert.deepEqual(windows(times.map((atMs) => frameAt(atMs)), SERVER), expected);
  });
}

Deno.test("overWindows(): computes each figure once, and anew where the window changed", () => {
  let computed = 0;
  const lengths = overWindows((window) => {
    computed++;
    return window.length;
  });
  const frames = Array.from({ length: 20 }, (_, i) => frameAt(i * 100));
  lengths(frames, SERVER);
  assert.equal(computed, 20);
  lengths([...frames, frameAt(2000)], SERVER);
  assert.equal(computed, 21);
  // Without the first five frames, the windows of up to the sixteenth begin later.
  const later = lengths(frames.slice(5), SERVER);
  assert.equal(later[0], 1);
  assert.equal(later.at(-1), 11);
  lengths(frames, "another");
  assert.ok(computed > 21 + 20);
});

Deno.test("withGaps(): puts an unknown moment into each gap, and copies nothing without one", () => {
  const columns = [[1, 2, 3], [4, null, 6]];
  const whole = withGaps([0, 100, 200], columns);
  assert.equal(whole.columns, columns);
  assert.deepEqual(withGaps([0, 100, 1100], columns), {
    times: [0, 100, 600, 1100],
    columns: [[1, 2, null, 3], [4, null, null, 6]],
  });
});
