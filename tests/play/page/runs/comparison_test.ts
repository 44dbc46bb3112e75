/// <reference lib="dom" />
/** Ratios as people read them. */
import assert from "node:assert/strict";
import { ratioText } from "../../../../play/page/runs/comparison.tsx";

const CASES: readonly [number | null, number | null, string][] = [
  [125, 100, "×1.25"],
  [100, 100, "×1"],
  [20, 100, "×0.2"],
  [1, 40, "÷40"],
  [22.3, 56_500, "÷2,530"],
  [292_900, 100, "×2,930"],
  [0, 100, ""],
  [5, 0, ""],
  [null, 100, ""],
  [5, null, ""],
];

for (const [value, base, text] of CASES) {
  Deno.test(`ratioText(${value}, ${base}): "${text}"`, () => {
    assert.equal(ratioText(value, base), text);
  });
}
