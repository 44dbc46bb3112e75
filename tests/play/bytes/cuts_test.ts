/** Where bytes are cut into parts. */
import assert from "node:assert/strict";
import { cutsWithin, everyCut, partsOf, toggleCut } from "../../../play/page/bytes/cuts.ts";

Deno.test("toggleCut() adds a cut in order, and takes it away again", () => {
  assert.deepEqual(toggleCut([3, 9], 5), [3, 5, 9]);
  assert.deepEqual(toggleCut([3, 5, 9], 5), [3, 9]);
});

Deno.test("cutsWithin() leaves out what makes no part", () => {
  assert.deepEqual(cutsWithin([0, 2, 4, 7], 4), [2]);
});

Deno.test("everyCut() leaves single bytes", () => {
  assert.deepEqual([0, 1, 3].map(everyCut), [[], [], [1, 2]]);
});

Deno.test("partsOf() splits at each cut", () => {
  const bytes = new Uint8Array([1, 2, 3, 4]);
  const parts = (cuts: number[]) => partsOf(bytes, cuts).map((part) => [...part]);
  assert.deepEqual(parts([]), [[1, 2, 3, 4]]);
  assert.deepEqual(parts([1, 3, 4, 9]), [[1], [2, 3], [4]]);
});
