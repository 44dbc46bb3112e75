import assert from "node:assert/strict";
import fc from "fast-check";
import { precondition, rangeApplies } from "../../../servers/files/conditional.ts";
import { formatHttpDate, parseHttpDate } from "../../../servers/http/http_date.ts";

const modified = 784111777; // Sun, 06 Nov 1994 08:49:37 GMT
const nowMs = (modified + 1000) * 1000;
const SAME = "Sun, 06 Nov 1994 08:49:37 GMT";
const EARLIER = "Sun, 06 Nov 1994 08:49:36 GMT";
const LATER = "Sun, 06 Nov 1994 08:49:38 GMT";

Deno.test("parseHttpDate() reads the three forms and nothing else", () => {
  const cases: [text: string, seconds: number | undefined][] = [
    [SAME, modified],
    ["Sunday, 06-Nov-94 08:49:37 GMT", modified],
    ["Sun Nov  6 08:49:37 1994", modified],
    ["Sun Nov 16 08:49:37 1994", modified + 10 * 86400],
    ["Thu, 29 Feb 2024 00:00:00 GMT", 1709164800],
    ["Wed, 29 Feb 2023 00:00:00 GMT", undefined],
    ["Sun, 06 Nov 1994 24:00:00 GMT", undefined],
    ["Sun, 06 Nov 1994 08:60:00 GMT", undefined],
    ["Sun, 06 Nov 1994 08:49:37 UTC", undefined],
    ["Sun, 06 Nov 1994 08:49:37 +0000", undefined],
    ["sun, 06 nov 1994 08:49:37 gmt", undefined],
    ["Sun, 6 Nov 1994 08:49:37 GMT", undefined],
    ["Sun, 00 Nov 1994 08:49:37 GMT", undefined],
    ["1994-11-06T08:49:37Z", undefined],
    ["784111777", undefined],
    [`${SAME}, ${SAME}`, undefined],
    ["", undefined],
    ["0", undefined],
  ];
  for (const [text, seconds] of cases) assert.equal(parseHttpDate(text, nowMs), seconds, text);
});

Deno.test("parseHttpDate() places two-digit years at most 50 years ahead", () => {
  const now = Date.UTC(2026, 0, 1);
  const year = (text: string) => new Date(parseHttpDate(text, now)! * 1000).getUTCFullYear();
  assert.equal(year("Monday, 01-Jan-76 00:00:00 GMT"), 2076);
  assert.equal(year("Monday, 01-Jan-77 00:00:00 GMT"), 1977);
});

Deno.test("parseHttpDate() reads what formatHttpDate() writes", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 4102444800 }), (seconds) => {
    assert.equal(parseHttpDate(formatHttpDate(seconds), nowMs), seconds);
  }));
});

type Fields = Record<string, string>;

Deno.test("precondition() follows RFC 9110 §13", () => {
  const strong = '"a"';
  const weak = 'W/"a"';
  const cases: [tag: string, fields: Fields, status: number][] = [
    [strong, {}, 200],
    // If-None-Match: weak comparison
    [strong, { "if-none-match": '"a"' }, 304],
    [strong, { "if-none-match": 'W/"a"' }, 304],
    [weak, { "if-none-match": '"a"' }, 304],
    [weak, { "if-none-match": 'W/"a"' }, 304],
    [strong, { "if-none-match": '"b"' }, 200],
    [strong, { "if-none-match": '"b", "a"' }, 304],
    [strong, { "if-none-match": '"b","c" , W/"a",' }, 304],
    [strong, { "if-none-match": "*" }, 304],
    [strong, { "if-none-match": "a" }, 200],
    [strong, { "if-none-match": '"x,"a"' }, 200],
    [strong, { "if-none-match": 'w/"a"' }, 200],
    ['"a,b"', { "if-none-match": '"a", "b"' }, 200],
    ['"a,b"', { "if-none-match": '"x", "a,b"' }, 304],
    [strong, { "if-none-match": "" }, 200],
    // If-None-Match wins over If-Modified-Since
    [strong, { "if-none-match": '"b"', "if-modified-since": LATER }, 200],
    [strong, { "if-none-match": '"a"', "if-modified-since": EARLIER }, 304],
    // If-Modified-Since
    [strong, { "if-modified-since": SAME }, 304],
    [strong, { "if-modified-since": LATER }, 304],
    [strong, { "if-modified-since": EARLIER }, 200],
    [strong, { "if-modified-since": "Sunday, 06-Nov-94 08:49:37 GMT" }, 304],
    [strong, { "if-modified-since": "Sun Nov  6 08:49:37 1994" }, 304],
    [strong, { "if-modified-since": "yesterday" }, 200],
    // If-Match: strong comparison
    [strong, { "if-match": '"a"' }, 200],
    [strong, { "if-match": '"b", "a"' }, 200],
    [strong, { "if-match": "*" }, 200],
    [strong, { "if-match": '"b"' }, 412],
    [strong, { "if-match": 'W/"a"' }, 412],
    [weak, { "if-match": 'W/"a"' }, 412],
    [weak, { "if-match": '"a"' }, 412],
    [strong, { "if-match": "a" }, 412],
    // If-Unmodified-Since, which If-Match displaces
    [strong, { "if-unmodified-since": SAME }, 200],
    [strong, { "if-unmodified-since": EARLIER }, 412],
    [strong, { "if-unmodified-since": "never" }, 200],
    [strong, { "if-match": '"a"', "if-unmodified-since": EARLIER }, 200],
    // Both stages
    [strong, { "if-match": '"a"', "if-none-match": '"a"' }, 304],
    [strong, { "if-match": '"b"', "if-none-match": '"a"' }, 412],
    [strong, { "if-unmodified-since": SAME, "if-modified-since": SAME }, 304],
  ];
  for (const [tag, fields, status] of cases) {
    const got = precondition((name) => fields[name], { tag, modified }, { nowMs });
    assert.equal(got, status, `${tag} ${JSON.stringify(fields)}`);
  }
});

Deno.test("rangeApplies() takes strong validators only", () => {
  const cases: [ifRange: string | undefined, tag: string, applies: boolean][] = [
    [undefined, '"a"', true],
    ['"a"', '"a"', true],
    ['"b"', '"a"', false],
    ['W/"a"', '"a"', false],
    ['W/"a"', 'W/"a"', false],
    ['"a"', 'W/"a"', false],
    ['"a", "b"', '"a"', false],
    ["*", '"a"', false],
    [SAME, '"a"', true],
    ["Sunday, 06-Nov-94 08:49:37 GMT", '"a"', true],
    [EARLIER, '"a"', false],
    [LATER, '"a"', false],
    ["soon", '"a"', false],
    ["", '"a"', false],
  ];
  for (const [ifRange, tag, applies] of cases) {
    assert.equal(rangeApplies(ifRange, { tag, modified }, { nowMs }), applies, `${ifRange} ${tag}`);
  }
});

Deno.test("rangeApplies() distrusts a date whose second is not over", () => {
  const current = { tag: '"a"', modified };
  assert.equal(rangeApplies(SAME, current, { nowMs: modified * 1000 + 999 }), false);
  assert.equal(rangeApplies(SAME, current, { nowMs: modified * 1000 + 1000 }), true);
});

Deno.test("precondition() on a hostile tag list takes linear time", () => {
  const list = '"a",'.repeat(4000) + "x";
  const started = performance.now();
  assert.equal(
    precondition((name) => name === "if-none-match" ? list : undefined, {
      tag: '"z"',
      modified,
    }, { nowMs }),
    200,
  );
  assert.ok(performance.now() - started < 1000);
});
