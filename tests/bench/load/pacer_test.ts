import assert from "node:assert/strict";
import fc from "fast-check";
import {
  constantRate,
  listed,
  type Pacer,
  ramp,
  shareOf,
  startsBefore,
} from "../../../bench/load/pacer.ts";

function starts(pacer: Pacer, count: number): number[] {
  return Array.from({ length: count }, (_, i) => pacer.intendedStartUs(i));
}

Deno.test("constantRate(): starts at once, then at even distances", () => {
  assert.deepEqual(starts(constantRate(1000), 4), [0, 1000, 2000, 3000]);
});

Deno.test("startsBefore(): counts the starts that are due before a time", () => {
  const cases: [pacer: Pacer, us: number, expected: number][] = [
    [constantRate(100), 10e6, 1000],
    [constantRate(100), 10e6 + 1, 1001],
    [constantRate(3), 10e6, 30],
    [constantRate(0.1), 15e6, 2],
    [constantRate(0.1), 10e6, 1],
    [constantRate(5), 0, 0],
    [shareOf(constantRate(100), 2, 3), 1e6, 33],
    [shareOf(constantRate(1), 1, 2), 1e6, 0],
    [ramp(0, 100, 1e6), 2e6, 150],
    [listed([0, 5, 5, 9]), 6, 3],
    [listed([0, 5, 5, 9]), 1e9, 4],
    [listed([]), 1e9, 0],
  ];
  for (const [pacer, us, expected] of cases) assert.equal(startsBefore(pacer, us), expected);
  const rate = fc.double({ min: 0.01, max: 1e6, noNaN: true });
  fc.assert(fc.property(rate, fc.integer({ min: 0, max: 5000 }), (perSecond, count) => {
    const pacer = constantRate(perSecond);
    assert.equal(startsBefore(pacer, pacer.intendedStartUs(count)), count);
  }));
});

Deno.test("constantRate(): does not drift", () => {
  assert.equal(constantRate(3).intendedStartUs(3 * 86_400), 86_400e6);
});

Deno.test("ramp(): the area under the rate up to start i is i", () => {
  const rate = fc.integer({ min: 1, max: 200_000 });
  const seconds = fc.integer({ min: 1, max: 600 });
  fc.assert(
    fc.property(rate, rate, seconds, fc.nat(1_000_000), (from, to, rampSeconds, i) => {
      const t = ramp(from, to, rampSeconds * 1e6).intendedStartUs(i) / 1e6;
      const inRamp = Math.min(t, rampSeconds);
      const area = from * inRamp + (to - from) * inRamp ** 2 / (2 * rampSeconds) +
        to * Math.max(0, t - rampSeconds);
      assert.ok(Math.abs(area - i) <= 1e-6 * Math.max(1, i), `${area} starts, wanted ${i}`);
    }),
  );
});

Deno.test("ramp(): may begin at 0, and stays at the last rate", () => {
  const pacer = ramp(0, 100, 2e6);
  assert.equal(pacer.intendedStartUs(0), 0);
  assert.equal(pacer.intendedStartUs(100), 2e6, "half the rate for two seconds");
  assert.equal(pacer.intendedStartUs(200), 3e6);
});

Deno.test("shareOf(): the shares together are the total, each of them even", () => {
  const total = constantRate(3000);
  const shares = [0, 1, 2].map((index) => shareOf(total, index, 3));
  const together = shares.flatMap((share) => starts(share, 10)).toSorted((a, b) => a - b);
  assert.deepEqual(together, starts(total, 30));
  assert.equal(shares[1].intendedStartUs(1) - shares[1].intendedStartUs(0), 1000);
});

Deno.test("pacers: refuse rates that are not above 0", () => {
  assert.throws(() => constantRate(0), /the rate is 0, and must be above 0/);
  assert.throws(() => constantRate(NaN), RangeError);
  assert.throws(() => ramp(-1, 10, 1), /first rate is -1/);
  assert.throws(() => ramp(1, Infinity, 1), /last rate is Infinity/);
  assert.throws(() => ramp(1, 2, 0), /length of the ramp is 0/);
});

Deno.test("shareOf() deals a list of starts out, each once", () => {
  const total = listed([0, 10, 20, 30, 40]);
  const shares = [0, 1, 2, 3, 4, 5, 6].map((index) => shareOf(total, index, 7));
  assert.deepEqual(shares.map(({ count }) => count), [1, 1, 1, 1, 1, 0, 0]);
  const odd = shareOf(total, 1, 2);
  assert.deepEqual([odd.count, odd.intendedStartUs(0), odd.intendedStartUs(1)], [2, 10, 30]);
  assert.equal(shareOf(constantRate(1), 0, 2).count, undefined);
});
