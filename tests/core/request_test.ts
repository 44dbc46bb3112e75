/**
 * The request parser against every case of the table: whole, byte by byte, and cut at every place.
 *
 * Of cases above 20,000 bytes, the long run of equal bytes in their middle is not taken byte by
 * byte, and they are cut in two only at the places where something begins, ends or meets a limit.
 */
import assert from "node:assert/strict";
import { DEFAULT_LIMITS } from "../../core/mod.ts";
import { parseRequests, smallCore } from "../support/core_parser.ts";
import { type Cuts, everyByte, singleCuts } from "../../bench/check/cuts.ts";
import { type HttpCase, loadHttpCases } from "../../bench/check/http/cases.ts";
import { latin1Text } from "../../bench/check/latin1.ts";
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

Deno.test("peek() says what next() reports, in every case, whole and cut in two", () => {
  forAllCases((test) => {
    const middle = [test.bytes.length >> 1].filter((at) => at > 0);
    return [[], middle].flatMap((cuts) =>
      eventFaults(test, parseRequests(core, test.bytes, cuts, "peek"))
    );
  });
});

const LARGE = 20_000;

/** Where request line and header section end at the latest, with an empty line before and both CRLF. */
const LIMITS_END = 2 + DEFAULT_LIMITS.maxRequestLine + 2 + DEFAULT_LIMITS.maxHeaderSize;

/** Each byte alone; of a large case those up to behind the limits, and the last ones. */
function bytewise({ bytes: { length } }: HttpCase): Cuts {
  if (length <= LARGE) return everyByte(length);
  const cuts: number[] = [];
  for (let at = 1; at < length; at += at < LIMITS_END + 500 || at > length - 600 ? 1 : 509) {
    cuts.push(at);
  }
  return cuts;
}

/** Places to cut a case in two. */
function places({ bytes }: HttpCase): readonly number[] {
  const { length } = bytes;
  if (length <= LARGE) return singleCuts(length, 300);
  const headEnd = latin1Text(bytes.subarray(0, LIMITS_END)).indexOf("\r\n\r\n") + 4;
  const { maxRequestLine, maxHeaderSize } = DEFAULT_LIMITS;
  const marks = [1, headEnd, maxRequestLine, maxHeaderSize, LIMITS_END, length >> 1, length - 2];
  return marks.flatMap((mark) => [mark - 1, mark, mark + 1]).filter((at) => at > 0 && at < length);
}

Deno.test("next() reports every case alike, fed byte by byte", () => {
  forAllCases((test) => eventFaults(test, parseRequests(core, test.bytes, bytewise(test))));
});

Deno.test("next() reports every case alike, cut in two at every place", () => {
  forAllCases((test) => {
    const whole = parseRequests(core, test.bytes);
    for (const cut of places(test)) {
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
