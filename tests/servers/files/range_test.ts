import assert from "node:assert/strict";
import fc from "fast-check";
import { frameRanges } from "../../../servers/files/multipart.ts";
import { contentRange, parseRange } from "../../../servers/files/range.ts";

/** `whole`, `416`, or the ranges as `first-last` joined by commas. */
function verdict(field: string | undefined, size: number): string {
  const result = parseRange(field, size);
  if (result.kind === "whole") return "whole";
  if (result.kind === "unsatisfiable") return "416";
  return result.ranges.map(({ first, last }) => `${first}-${last}`).join(",");
}

Deno.test("parseRange() follows RFC 9110 §14", () => {
  const cases: [field: string | undefined, size: number, verdict: string][] = [
    [undefined, 10, "whole"],
    ["bytes=0-0", 10, "0-0"],
    ["bytes=0-4", 10, "0-4"],
    ["BYTES=0-4", 10, "0-4"],
    ["bytes=5-", 10, "5-9"],
    ["bytes=0-", 10, "0-9"],
    ["bytes=5-99", 10, "5-9"],
    ["bytes=9-", 10, "9-9"],
    ["bytes=-3", 10, "7-9"],
    ["bytes=-10", 10, "0-9"],
    ["bytes=-11", 10, "0-9"],
    ["bytes=-99999999999999999999", 10, "0-9"],
    ["bytes=00000-00004", 10, "0-4"],
    // Unsatisfiable
    ["bytes=10-", 10, "416"],
    ["bytes=10-20", 10, "416"],
    ["bytes=-0", 10, "416"],
    ["bytes=99999999999999999999-", 10, "416"],
    ["bytes=0-", 0, "whole"],
    ["bytes=0-5", 0, "whole"],
    ["bytes=1-", 0, "416"],
    ["bytes=-1", 0, "whole"],
    ["bytes=20-30,40-", 10, "416"],
    // One satisfiable range is enough
    ["bytes=20-30,1-2", 10, "1-2"],
    ["bytes=-0,1-2", 10, "1-2"],
    // Invalid: ignored
    ["bytes=5-4", 10, "whole"],
    ["bytes=0-5x", 10, "whole"],
    ["bytes=x0-5", 10, "whole"],
    ["bytes=0-5,5-4", 10, "whole"],
    ["bytes=", 10, "whole"],
    ["bytes=,", 10, "whole"],
    ["bytes=-", 10, "whole"],
    ["bytes=--1", 10, "whole"],
    ["bytes=1", 10, "whole"],
    ["bytes=+1-2", 10, "whole"],
    ["bytes=1.0-2", 10, "whole"],
    ["bytes=0x1-2", 10, "whole"],
    ["bytes=0 - 5", 10, "whole"],
    ["bytes = 0-5", 10, "whole"],
    ["bytes0-5", 10, "whole"],
    ["", 10, "whole"],
    ["items=0-5", 10, "whole"],
    ["bytes=0-5;6-7", 10, "whole"],
    // Several
    ["bytes=0-1,4-5", 10, "0-1,4-5"],
    ["bytes=4-5, 0-1", 10, "4-5,0-1"],
    ["bytes= 0-1 ,, 4-5 ,", 10, "0-1,4-5"],
    ["bytes=0-1,2-3", 10, "0-1,2-3"],
    ["bytes=0-4,2-6", 10, "0-6"],
    ["bytes=8-9,0-4,2-6", 10, "8-9,0-6"],
    ["bytes=2-6,8-9,0-4", 10, "0-6,8-9"],
    ["bytes=0-,0-,0-,-5", 10, "0-9"],
    [`bytes=${"0-,".repeat(64)}`, 10, "0-9"],
    [`bytes=${"0-,".repeat(65)}`, 10, "whole"],
    [`bytes=${",".repeat(5000)}0-1`, 10, "whole"],
  ];
  for (const [field, size, expected] of cases) {
    assert.equal(verdict(field, size), expected, `${field?.slice(0, 40)} of ${size}`);
  }
});

Deno.test("parseRange() yields disjoint ranges within the size", () => {
  const spec = fc.oneof(
    fc.tuple(fc.nat(60), fc.nat(60)).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
    fc.nat(60).map((n) => `${n}-`),
    fc.nat(60).map((n) => `-${n}`),
  );
  fc.assert(
    fc.property(
      fc.array(spec, { minLength: 1, maxLength: 20 }),
      fc.integer({ min: 1, max: 50 }),
      (specs, size) => {
        const result = parseRange(`bytes=${specs.join(",")}`, size);
        assert.notEqual(result.kind, "whole");
        if (result.kind !== "ranges") return;
        const covered = new Set<number>();
        for (const { first, last } of result.ranges) {
          assert.ok(first <= last && last < size);
          for (let at = first; at <= last; at++) {
            assert.ok(!covered.has(at), "a byte is sent once");
            covered.add(at);
          }
        }
        for (const one of specs) {
          const [first, last] = one.split("-");
          if (first === "") continue;
          for (let at = +first; at < size && at <= (last === "" ? size : +last); at++) {
            assert.ok(covered.has(at), `byte ${at} of ${one} was asked for`);
          }
        }
      },
    ),
  );
});

Deno.test("frameRanges() announces its exact length and frames every part", () => {
  const content = "0123456789";
  const ranges = [{ first: 0, last: 1 }, { first: 4, last: 8 }];
  const framed = frameRanges(ranges, { size: 10, type: "text/plain; charset=utf-8", tag: '"t"' });
  const body = framed.pieces.map((piece) =>
    piece.kind === "bytes"
      ? new TextDecoder().decode(piece.bytes)
      : content.substr(piece.offset, piece.length)
  ).join("");
  assert.equal(body.length, framed.length);
  const boundary = /^multipart\/byteranges; boundary=([0-9a-f]{32})$/.exec(framed.contentType)![1];
  const head = (range: string) =>
    `--${boundary}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes ${range}/10\r\n\r\n`;
  assert.equal(body, `${head("0-1")}01\r\n${head("4-8")}45678\r\n--${boundary}--\r\n`);
  const again = frameRanges(ranges, { size: 10, type: "text/plain; charset=utf-8", tag: '"u"' });
  assert.notEqual(again.contentType, framed.contentType);
});

Deno.test("contentRange() counts inclusively", () => {
  assert.equal(contentRange({ first: 0, last: 9 }, 10), "bytes 0-9/10");
});
