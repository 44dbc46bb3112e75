/** What the numbers of an experiment allow to conclude. */
import assert from "node:assert/strict";
import { summarizeVariant, type VariantResult } from "../../../bench/lab/measure.ts";
import { compare, finding, noiseFinding, type Verdict } from "../../../bench/lab/verdict.ts";

function variant(label: string, values: number[]): VariantResult {
  const samples = values.map((value) => ({ failed: 0, figures: { requestsPerSecond: value } }));
  return summarizeVariant({ group: "http", label }, samples);
}

const CASES: [a: number[], b: number[], verdict: Verdict][] = [
  [[200, 210, 190], [100, 110, 90], "higher"],
  [[100, 110, 90], [200, 210, 190], "lower"],
  // Ranges that touch: whatever the medians say.
  [[200, 210, 105], [100, 110, 90], "unclear"],
  [[100, 102, 98], [101, 103, 99], "equal"],
  // Near to each other, but each run says something else.
  [[100, 150, 50], [101, 160, 60], "unclear"],
  // Apart, but by less than counts.
  [[105, 105, 106], [100, 101, 100], "equal"],
  [[0, 0, 0], [0, 0, 0], "equal"],
  [[5, 6, 7], [0, 0, 0], "higher"],
  // Measured once: there is no telling how sure it is.
  [[200], [100], "unclear"],
  [[], [1], "unmeasured"],
];

for (const [a, b, verdict] of CASES) {
  Deno.test(`compare(): ${a} against ${b} is ${verdict}`, () => {
    assert.equal(compare(variant("a", a), variant("b", b), "requestsPerSecond").verdict, verdict);
  });
}

Deno.test("finding(): says both figures, the factor, and what follows", () => {
  const meaning = { higher: "So it is.", unclear: "Never shown." };
  const [higher] = finding(
    variant("pool", [4200, 4300, 4250]),
    variant("thread", [1000, 1010, 990]),
    "requestsPerSecond",
    { meaning },
  );
  assert.equal(
    higher.text,
    "http: 4,250 requests/s with pool, 1,000 requests/s with thread: 4.3 times as much. So it is.",
  );
  assert.equal(higher.verdict, "higher");
  assert.equal(higher.ratio, 4.25);
});

Deno.test("finding(): the sentence turns with the numbers", () => {
  const [lower] = finding(
    variant("a", [10, 11, 12]),
    variant("b", [50, 51, 52]),
    "requestsPerSecond",
    {
      meaning: { higher: "Wrong.", lower: "Right." },
    },
  );
  assert.match(lower.text, /: less by a factor of 4\.6\. Right\.$/);
});

Deno.test("finding(): says that it is too noisy, and the ranges", () => {
  const [unclear] = finding(variant("a", [10, 90]), variant("b", [20, 30]), "requestsPerSecond");
  assert.match(
    unclear.text,
    /too noisy to conclude, the repetitions range over 10 to 90 and 20 to 30/,
  );
});

Deno.test("finding(): nothing to say of what was not measured", () => {
  assert.deepEqual(finding(variant("a", []), variant("b", [1]), "requestsPerSecond"), []);
  assert.deepEqual(finding(undefined, variant("b", [1]), "requestsPerSecond"), []);
});

Deno.test("noiseFinding(): the middle and the worst spread", () => {
  const variants = [
    variant("calm", [100, 101, 99]),
    variant("fair", [100, 105, 95]),
    variant("wild", [100, 200, 50]),
  ];
  const [{ text }] = noiseFinding(variants, "requestsPerSecond");
  assert.match(text, /lies 11% above the lowest in the middle, at worst 300% /);
  assert.match(text, /\(http: wild: 50–200\)\.$/);
  const [{ text: loud }] = noiseFinding([variant("wild", [100, 200, 50])], "requestsPerSecond");
  assert.match(loud, /That is a lot/);
  assert.deepEqual(noiseFinding([variant("once", [100])], "requestsPerSecond"), []);
});
