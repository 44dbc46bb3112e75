/**
 * The request parser against llhttp, on generated and mutated requests.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { smallCore } from "../support/core_parser.ts";
import { compareWithLlhttp } from "../support/differential.ts";
import { latin1Text } from "../../bench/check/latin1.ts";
import { mutantsArbitrary, pipelineArbitrary } from "../support/request_arbitrary.ts";

const core = smallCore();

/** Always the same requests: a new difference is to be found while one looks for it. */
const SEED = 9112;

Deno.test("next() agrees with llhttp on valid requests", () => {
  fc.assert(
    fc.property(pipelineArbitrary({ common: true }), ({ bytes }) => {
      assert.deepEqual(compareWithLlhttp(core, bytes), undefined);
    }),
    { numRuns: 500, seed: SEED },
  );
});

Deno.test("next() differs from llhttp on mutated requests only as the table says", () => {
  const rows = new Map<number, number>();
  fc.assert(
    fc.property(mutantsArbitrary(4, { common: true }), (mutants) => {
      for (const bytes of mutants) {
        const difference = compareWithLlhttp(core, bytes);
        if (difference === undefined) continue;
        const { row, what } = difference;
        rows.set(row, (rows.get(row) ?? 0) + 1);
        assert.notEqual(row, 0, `${what}: ${JSON.stringify(latin1Text(bytes))}`);
      }
    }),
    { numRuns: 1500, seed: SEED },
  );
  // The search reaches the rows at all.
  for (const row of [3, 12, 15, 20, 21]) assert.ok(rows.has(row), `no difference by row ${row}`);
});
