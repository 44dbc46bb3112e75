/**
 * The request parser against every case of the table: whole, byte by byte, and cut at every place.
 */
import assert from "node:assert/strict";
import { parseRequests, smallCore } from "../support/core_parser.ts";
import { everyByte, singleCuts } from "../support/drip.ts";
import { type HttpCase, loadHttpCases } from "../support/http_cases.ts";
import { eventFaults } from "../support/http_judge.ts";

const core = smallCore();
const cases = loadHttpCases();

/** Runs `check` on every case; all faults are shown, not only the first. */
function forAllCases(check: (test: HttpCase) => string[]): void {
  const faults = cases.flatMap((test) =>
    check(test).map((fault) => `row ${test.row}, ${test.topic}: ${test.name}: ${fault}`)
  );
  assert.equal(faults.length, 0, faults.slice(0, 40).join("\n"));
}

Deno.test("next() reports every case as the table says, fed whole", () => {
  forAllCases((test) => eventFaults(test, parseRequests(core, test.bytes)));
});

Deno.test("next() reports every case alike, fed byte by byte", () => {
  forAllCases((test) =>
    eventFaults(test, parseRequests(core, test.bytes, everyByte(test.bytes.length)))
  );
});

Deno.test("next() reports every case alike, cut in two at every place", () => {
  forAllCases((test) => {
    const whole = parseRequests(core, test.bytes);
    for (const cut of singleCuts(test.bytes.length, 300)) {
      const events = parseRequests(core, test.bytes, [cut]);
      try {
        assert.deepEqual(events, whole);
      } catch {
        return [`cut at ${cut}: ${JSON.stringify(events).slice(0, 200)}`];
      }
    }
    return [];
  });
});

Deno.test("the parser gives all of its memory back", () => {
  assert.equal(core.blocksUsed, 0);
});
