/**
 * Properties of the request parser over generated requests, valid and mutated ones.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { Core, Flag } from "../../core/mod.ts";
import { Place } from "../../core/shared/abi.ts";
import { observe, type ObservedHead } from "../support/core_observer.ts";
import { parseRequests, smallCore } from "../support/core_parser.ts";
import { everyByte, pieces } from "../../bench/check/cuts.ts";
import { loadHttpCases } from "../../bench/check/http/cases.ts";
import { latin1Bytes } from "../../bench/check/latin1.ts";
import {
  mutantsArbitrary,
  mutatedArbitrary,
  pipelineArbitrary,
} from "../support/request_arbitrary.ts";
import { GuardBlock } from "../support/guard_block.ts";

const core = smallCore();
const cuts = fc.array(fc.nat(1500), { maxLength: 6 })
  .map((offsets) => [...new Set(offsets)].sort((a, b) => a - b));

function headsOf(events: ReturnType<typeof observe>): ObservedHead[] {
  return events.filter((event) => "head" in event);
}

Deno.test("next() gives valid requests back as they were generated, however they are cut", () => {
  fc.assert(
    fc.property(pipelineArbitrary(), cuts, ({ bytes, messages, requests }, cuts) => {
      assert.deepEqual(parseRequests(core, bytes, cuts), messages);
      const heads = headsOf(observe(core, pieces(bytes, cuts)));
      messages.forEach((_, i) => assert.deepEqual(heads[i].fields, requests[i].fields));
    }),
    { numRuns: 1000 },
  );
});

Deno.test("next() says the same of mutated requests, however they are cut", () => {
  fc.assert(
    fc.property(mutatedArbitrary(), cuts, (bytes, cuts) => {
      const whole = observe(core, [bytes]);
      assert.deepEqual(observe(core, pieces(bytes, cuts)), whole);
      assert.deepEqual(observe(core, pieces(bytes, everyByte(bytes.length))), whole);
    }),
    { numRuns: 700 },
  );
});

/** Bytes of earlier requests, or noise, that may stand behind the end of the input. */
const STALE = [
  "\xff",
  "\r\n",
  "a",
  ": \t\r\n\r\n",
  "HEAD / HTTP/1.1\r\nHost: b\r\nContent-Length: 7\r\n\r\n",
  "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "5;x=y\r\nhello\r\n0\r\n\r\n",
].map(latin1Bytes);

function fillWith(room: Uint8Array, text: Uint8Array): void {
  const from = Math.min(room.length, 4096);
  for (let i = 0; i < from; ++i) room[i] = text[i % text.length];
  const slack = room.subarray(Math.max(0, room.length - Place.Slack));
  for (let i = 0; i < slack.length; ++i) slack[i] = text[i % text.length];
}

/** Asserts that the parser says the same of `parts` whatever stands behind them. */
function assertBlindBehindEnd(parts: Uint8Array[], bytes: Uint8Array): void {
  const waits = true;
  const wanted = observe(core, parts, { waits, stale: (room) => room.fill(0, 0, 4096) });
  for (const text of STALE) {
    const stale = (room: Uint8Array) => fillWith(room, text);
    assert.deepEqual(observe(core, parts, { waits, stale }), wanted);
  }
  // What comes next stands there already, which is the hardest to tell from having come.
  const stale = (room: Uint8Array, at: number) => room.set(bytes.subarray(at, at + room.length));
  assert.deepEqual(observe(core, parts, { waits, stale }), wanted);
}

Deno.test("next() does not look behind the end of the input", () => {
  fc.assert(
    fc.property(mutatedArbitrary(), cuts, (bytes, cuts) => {
      assertBlindBehindEnd(pieces(bytes, cuts), bytes);
    }),
    { numRuns: 300 },
  );
});

Deno.test("next() does not look behind the end of the input: all short cases, byte by byte", () => {
  const short = loadHttpCases().filter(({ bytes }) => bytes.length <= 90);
  assert.ok(short.length > 500, `${short.length} cases`);
  for (const { bytes } of short) {
    const parts = pieces(bytes, everyByte(bytes.length));
    const waits = true;
    const wanted = observe(core, parts, { waits, stale: (room) => room.fill(0, 0, 256) });
    const stale = (room: Uint8Array, at: number) => room.set(bytes.subarray(at, at + room.length));
    assert.deepEqual(observe(core, parts, { waits, stale }), wanted);
  }
});

Deno.test("next() writes to no block but its own", () => {
  const guarded = Core.create({ blocks: 3 });
  const [before, own, behind] = [new GuardBlock(guarded), guarded.open(), new GuardBlock(guarded)];
  guarded.close(own);
  assert.ok(before.start < own && own < behind.start, "the block in the middle is used");
  const page = guarded.bytes.slice(0, Place.FreeBlocks);
  fc.assert(
    fc.property(mutatedArbitrary(), cuts, (bytes, cuts) => {
      observe(guarded, pieces(bytes, cuts));
      assert.ok(before.isIntact);
      assert.ok(behind.isIntact);
    }),
    { numRuns: 200 },
  );
  assert.deepEqual(guarded.bytes.slice(0, Place.FreeBlocks), page, "tables and limits");
});

/** What frames the content of a head, read with no other aim than to find two answers. */
function framingsOf({ fields }: ObservedHead): string[] {
  return fields.flatMap(([name, value]) => {
    if (/^content-length$/i.test(name)) return [`length ${value}`];
    return /^transfer-encoding$/i.test(name) ? [`coding ${value.toLowerCase()}`] : [];
  });
}

Deno.test("next() accepts no message that could be framed in two ways", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(mutantsArbitrary(4), (mutants) => {
      for (const head of mutants.flatMap((bytes) => headsOf(observe(core, [bytes])))) {
        const framings = framingsOf(head);
        assert.ok(framings.length <= 1, framings.join());
        const [kind, value] = framings[0]?.split(" ") ?? ["none"];
        seen.add(kind);
        const isChunked = (head.flags & Flag.Chunked) !== 0;
        assert.equal(isChunked, kind === "coding");
        if (isChunked) assert.equal(value, "chunked");
        if (isChunked) assert.notEqual(head.minor, 0);
        if (kind === "length") assert.match(value, /^\d+$/);
        if (kind === "length") assert.equal(head.length, Number(value));
        const hasContent = isChunked || (kind === "length" && Number(value) > 0);
        assert.equal((head.flags & Flag.HasBody) !== 0, hasContent);
      }
    }),
    { numRuns: 750 },
  );
  assert.deepEqual([...seen].sort(), ["coding", "length", "none"]);
});

Deno.test("next() knows of no method before the request, nor of the one before it", () => {
  const method = (text: string, cut: readonly number[] = []) => {
    const last = observe(core, pieces(latin1Bytes(text), cut), { waits: true }).at(-1)!;
    return "on" in last ? last.on : "wait" in last ? last.wait : undefined;
  };
  const head = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n";
  const unknown = method("X");
  assert.equal(method(head + "\n"), unknown, "a bare LF after a HEAD has an answer with content");
  assert.equal(method(head + "\r"), unknown, "so has half an empty line");
  assert.equal(method(head + "HEA"), unknown);
  assert.notEqual(method("HEAD \0"), unknown);
  for (const cut of [1, 2, 3, 4, 5]) {
    assert.equal(method("HEAD \0", [cut]), method("HEAD \0"), `cut at ${cut}`);
  }
});

Deno.test("the parser gives all of its memory back", () => {
  assert.equal(core.blocksUsed, 0);
});
