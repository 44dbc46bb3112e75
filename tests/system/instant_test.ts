import assert from "node:assert/strict";
import { formatInstant, parseInstant } from "../../system/instant.ts";

const NOON = Date.UTC(2026, 0, 31, 12);

const TEXTS: [text: string, epochMs: number | null][] = [
  ["2026-01-31T12:00:00Z", NOON],
  ["2026-01-31t12:00:00z", NOON],
  ["2026-01-31 12:00:00+00:00", NOON],
  ["2026-01-31T14:30:00+02:30", NOON],
  ["2026-01-31T01:00:00-11:00", NOON],
  ["2026-01-31T12:00:00.25Z", NOON + 250],
  ["2026-01-31T12:00:00.000125Z", NOON + 0.125],
  ["2026-01-31T12:00:00", null],
  ["2026-02-30T12:00:00Z", null],
  ["2026-01-31T24:00:00Z", null],
  ["2026-01-31T12:00:60Z", null],
  ["2026-01-31T12:00:00+25:00", null],
  ["2026-01-31", null],
  ["12:00:00", null],
  ["", null],
];

for (const [text, epochMs] of TEXTS) {
  Deno.test(`parseInstant('${text}') is ${epochMs}`, () => {
    assert.equal(parseInstant(text), epochMs);
  });
}

Deno.test("formatInstant(): tells microseconds, and is read back", () => {
  assert.equal(formatInstant(NOON), "2026-01-31T12:00:00.000000Z");
  assert.equal(formatInstant(NOON + 1.0026), "2026-01-31T12:00:00.001003Z");
  assert.equal(formatInstant(NOON + 999.9999), "2026-01-31T12:00:01.000000Z");
  for (const ms of [0.001, 0.25, 12.345, 999.999]) {
    assert.ok(Math.abs(parseInstant(formatInstant(NOON + ms))! - NOON - ms) < 0.001);
  }
});
