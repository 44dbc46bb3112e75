import assert from "node:assert/strict";
import { evaluateFailIf, parseFailIf } from "../../bench/fail_if.ts";
import type { Result } from "../../bench/result.ts";
import { BENCH, HTSTRESS } from "./runs.ts";

/** Condition, run, and why it fails (null: it does not). */
const CASES: [text: string, result: Result, reason: RegExp | null][] = [
  ["p99>19ms", HTSTRESS, /^p99>19ms: it is 20\.0 ms$/],
  ["p99>21ms", HTSTRESS, null],
  ["p99.9 >= 0.019 s", HTSTRESS, /it is 20\.0 ms/],
  ["p999<30000us", HTSTRESS, /it is 20\.0 ms/],
  ["min<900µs", HTSTRESS, null],
  ["ttfb.max>1ms", HTSTRESS, /it is 1\.90 ms/],
  ["connect.p50>1s", HTSTRESS, /it was not measured$/],
  ["ttfb.p50>1s", BENCH, /it was not measured$/],
  ["connect.max>1s", BENCH, /it is 1\.02 s/],
  ["p50>1ms", BENCH, null],
  ["errors>0", BENCH, /^errors>0: it is 2$/],
  ["errors>2", BENCH, null],
  ["errors==2", BENCH, /it is 2/],
  ["errors>14", HTSTRESS, /it is 15/],
  ["errors>1.4%", HTSTRESS, /it is 1\.500%/],
  ["errors>1.5%", HTSTRESS, null],
  ["rps<1000", HTSTRESS, /it is 490/],
  ["p95>19ms", HTSTRESS, /it is 20\.0 ms/],
  ["unsent>0", HTSTRESS, /^unsent>0: it is 199$/],
  ["unsent>199", HTSTRESS, null],
  ["unsent>16%", HTSTRESS, /it is 16\.583%/],
  ["unsent>17%", HTSTRESS, null],
  ["unsent>0", { ...HTSTRESS, schedule: null }, /it was not measured, because .* \(--rate\)$/],
  ["unsent>0", BENCH, /it was not measured/],
  ["late.p99>4ms", HTSTRESS, /it is 5\.00 ms/],
  ["late.max>6ms", HTSTRESS, null],
  ["late.p99>1s", { ...HTSTRESS, schedule: null }, /it was not measured, because/],
  ["rps<1000", BENCH, /it is 196/],
  ["rps<100", BENCH, null],
];

for (const [text, result, reason] of CASES) {
  Deno.test(`evaluateFailIf(): ${text} on ${result.command} ${reason ? "fails" : "passes"}`, () => {
    const actual = evaluateFailIf(parseFailIf(text), result);
    if (reason) assert.match(actual ?? "passed", reason);
    else assert.equal(actual, null);
  });
}

Deno.test("parseFailIf(): says what is wrong and what to write", () => {
  const cases: [text: string, message: RegExp][] = [
    ["", /Not a condition: ''; write it like p99>20ms/],
    ["p99", /write it like/],
    ["p99=20ms", /write it like/],
    ["p99>-1ms", /write it like/],
    ["p99>20", /'p99' needs a time in us, ms or s/],
    ["p99>20min", /needs a time/],
    ["p98>20ms", /'p98' is unknown; known are min, mean, sd, p50.*p99\.9.*errors, unsent and rps/],
    ["dns.p99>20ms", /'dns\.' is unknown; write connect\., ttfb\. or late\./],
    ["connect.errors>0", /'errors' is unknown/],
    ["errors>5ms", /'errors' takes no unit 'ms'/],
    ["rps<5%", /'rps' takes no unit '%'/],
  ];
  for (const [text, message] of cases) {
    assert.throws(() => parseFailIf(text), { name: "SyntaxError", message }, text);
  }
});
