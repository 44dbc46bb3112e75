/** Responses that the core keeps: what stands in their area, and what they take elsewhere. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { Core, Event } from "../../core/mod.ts";
import { latin1Bytes } from "../../bench/check/latin1.ts";
import { GuardBlock } from "../support/guard_block.ts";

const HEAD = "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n";

/** A core with room for `cacheBytes` of kept responses, whose clock stands still. */
function createCore(cacheBytes: number, blocks = 40): Core {
  const core = Core.create({ blocks, cacheBytes });
  core.setTime({ nowMs: 1000, second: 1, date: "Thu, 01 Jan 1970 00:00:00 GMT" });
  return core;
}

/** Receives a GET of each of `targets` on `conn`. @returns what the core answers */
function ask(core: Core, conn: number, ...targets: string[]): Event {
  const text = targets.map((target) => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`).join("");
  assert.equal(core.receive(conn, latin1Bytes(text)), text.length);
  return core.answerPlain(conn);
}

/** Keeps `content` for the request on `conn` that was just given to the host. */
function keep(core: Core, conn: number, content: Uint8Array): number {
  return core.keep(conn, { head: HEAD, content, freshUntilMs: 1500 });
}

/** Keeps `content` for `target`. */
function keepFor(core: Core, target: string, content: Uint8Array): number {
  const conn = core.open();
  assert.equal(ask(core, conn, target), Event.Head);
  const serial = keep(core, conn, content);
  core.close(conn);
  return serial;
}

function contentOf(size: number, seed: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8) * 7 + seed) & 255);
}

/** Takes the output of `conn`. */
function outputOf(core: Core, conn: number): Uint8Array {
  const bytes: number[] = [];
  for (let block = core.outBlock(conn); block !== 0; block = core.outBlock(conn)) {
    bytes.push(...core.outView(block));
    core.dropOutBlock(conn);
  }
  return Uint8Array.from(bytes);
}

function isResponse(bytes: Uint8Array, content: Uint8Array): boolean {
  const wanted = [...latin1Bytes(HEAD), ...content];
  return bytes.length === wanted.length && bytes.every((byte, i) => byte === wanted[i]);
}

Deno.test("a response that is sent from where it stands takes no block", () => {
  const core = createCore(1 << 20);
  const content = contentOf(20_000, 1);
  assert.notEqual(keepFor(core, "/a", content), 0);
  const conns = Array.from({ length: 40 }, () => core.open());
  for (const conn of conns) {
    assert.equal(ask(core, conn, "/a", "/a", "/a"), Event.Flush);
    assert.equal(core.blocksUsed, 40);
  }
  for (const conn of conns) {
    const events = [];
    do {
      assert.ok(isResponse(outputOf(core, conn), content));
      events.push(core.answerPlain(conn));
    } while (core.outBlock(conn) !== 0);
    assert.deepEqual(events, [Event.Flush, Event.NeedMore, Event.NeedMore]);
    core.close(conn);
  }
  assert.equal(core.blocksUsed, 0);
});

Deno.test("a batch of small responses fills one block, and goes on when it is sent", () => {
  const core = createCore(1 << 20, 3);
  const content = contentOf(3000, 2);
  keepFor(core, "/a", content);
  const conn = core.open();
  const count = 100;
  let event = ask(core, conn, ...Array<string>(count).fill("/a"));
  let bytes = 0;
  for (; event === Event.Flush; event = core.answerPlain(conn)) {
    assert.equal(core.blocksUsed, 2);
    bytes += outputOf(core, conn).length;
  }
  assert.equal(event, Event.NeedMore);
  bytes += outputOf(core, conn).length;
  assert.equal(bytes, count * (HEAD.length + content.length));
  assert.equal(core.served(conn), count);
});

Deno.test("without a block small responses are sent from where they stand, too", () => {
  const core = createCore(1 << 20, 1);
  const content = contentOf(100, 3);
  keepFor(core, "/a", content);
  const conn = core.open();
  let event = ask(core, conn, "/a", "/a", "/a");
  let count = 0;
  for (; core.outBlock(conn) !== 0; event = core.answerPlain(conn)) {
    assert.ok(isResponse(outputOf(core, conn), content));
    ++count;
  }
  assert.deepEqual([count, event], [3, Event.NeedMore]);
});

Deno.test("a reader that takes nothing holds one response, and the others are still replaced", () => {
  const core = createCore(200_000);
  const content = contentOf(30_000, 4);
  keepFor(core, "/slow", content);
  const slow = core.open();
  ask(core, slow, "/slow");
  const waiting = core.outView(core.outBlock(slow));
  for (let i = 0; i < 100; ++i) {
    const other = contentOf(20_000 + i * 100, i);
    assert.notEqual(keepFor(core, `/${i}`, other), 0, `/${i} is kept`);
    const conn = core.open();
    assert.equal(ask(core, conn, `/${i}`), Event.NeedMore);
    assert.ok(isResponse(outputOf(core, conn), other), `/${i} comes back whole`);
    core.close(conn);
    assert.ok(isResponse(waiting.slice(), content), "what waits is not touched");
  }
  core.close(slow);
});

Deno.test("keep() answers 0 when all the area is being sent, and keeps again when it is not", () => {
  const core = createCore(200_000);
  const readers = [];
  for (let i = 0; i < 30; ++i) {
    if (keepFor(core, `/${i}`, contentOf(20_000, i)) === 0) break;
    const conn = core.open();
    ask(core, conn, `/${i}`);
    readers.push(conn);
  }
  assert.ok(readers.length >= 8 && readers.length < 30, `${readers.length} are being sent`);
  readers.forEach((conn, i) => {
    assert.ok(isResponse(core.outView(core.outBlock(conn)).slice(), contentOf(20_000, i)));
    core.close(conn);
  });
  assert.notEqual(keepFor(core, "/more", contentOf(150_000, 1)), 0);
});

Deno.test("renew() knows the response that was kept, and no other", () => {
  const core = createCore(100_000);
  const serial = keepFor(core, "/a", contentOf(10, 1));
  const later = { nowMs: 2500, second: 2, date: "Thu, 01 Jan 1970 00:00:02 GMT" };
  core.setTime(later);
  const conn = core.open();
  assert.equal(ask(core, conn, "/a"), Event.Head, "it is stale");
  assert.equal(core.renew(conn, serial + 1, 2750), false);
  assert.equal(core.renew(conn, serial, 2750), true);
  assert.equal(ask(core, conn, "/a"), Event.NeedMore, "it is fresh");
  outputOf(core, conn);
  for (let i = 0; i < 20; ++i) keepFor(core, `/${i}`, contentOf(20_000, i));
  assert.equal(ask(core, conn, "/a"), Event.Head, "it has given way");
  assert.equal(core.renew(conn, serial, 2800), false);
});

Deno.test("a response is repeated only while the clock is close to when it was kept", () => {
  const wrap = 2 ** 32;
  for (const nowMs of [1000, wrap - 100]) {
    const core = createCore(100_000);
    const at = (ms: number) => core.setTime({ nowMs: ms >>> 0, second: 1, date: "" });
    at(nowMs);
    const conn = core.open();
    assert.equal(ask(core, conn, "/a"), Event.Head);
    const freshUntilMs = (nowMs + 500) >>> 0;
    const serial = core.keep(conn, { head: HEAD, content: contentOf(10, 1), freshUntilMs });
    const check = (offset: number, event: Event) => {
      at(nowMs + offset);
      assert.equal(ask(core, conn, "/a"), event, `${nowMs} and ${offset} ms`);
      outputOf(core, conn);
    };
    for (const isRenewed of [false, true]) {
      if (isRenewed) assert.equal(core.renew(conn, serial, freshUntilMs), true);
      for (const offset of [0, 499, -250]) check(offset, Event.NeedMore);
      for (const offset of [500, 3_600_000, -251, -1000, -3_600_000]) check(offset, Event.Head);
    }
  }
});

Deno.test("an area of any size is never written beyond", () => {
  for (const cacheBytes of [1, 512, 4096, 16_000, 16_384, 16_385, 16_448, 17_000, 20_480]) {
    const core = createCore(cacheBytes, 4);
    const first = new GuardBlock(core);
    for (let i = 0; i < 50; ++i) keepFor(core, `/${i}`, contentOf(i * 40, i));
    assert.ok(first.isIntact, `${cacheBytes} bytes`);
  }
});

Deno.test("whatever is kept, sent slowly and replaced, every answer is the one that was kept", () => {
  const step = fc.record({
    action: fc.constantFrom("ask", "ask", "ask", "finish"),
    target: fc.nat(12),
    size: fc.oneof(fc.nat(300), fc.nat(60_000)),
    reader: fc.nat(7),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), fc.integer({ min: 20_000, max: 150_000 }), (
      steps,
      cacheBytes,
    ) => {
      const core = createCore(cacheBytes, 12);
      const guard = new GuardBlock(core);
      const readers = Array.from({ length: 8 }, () => core.open());
      const wanted: (Uint8Array | undefined)[] = [];
      const kept = new Map<number, Uint8Array>();
      const finish = (reader: number) => {
        const content = wanted[reader];
        if (content === undefined) return;
        assert.ok(isResponse(outputOf(core, readers[reader]), content));
        wanted[reader] = undefined;
      };
      for (const { action, target, size, reader } of steps) {
        finish(reader);
        if (action === "finish") continue;
        if (ask(core, readers[reader], `/${target}`) === Event.Head) {
          const content = contentOf(size, size);
          if (keep(core, readers[reader], content) !== 0) kept.set(target, content);
        } else wanted[reader] = kept.get(target)!;
      }
      readers.forEach((conn, reader) => {
        finish(reader);
        core.close(conn);
      });
      assert.ok(guard.isIntact);
      assert.equal(core.blocksUsed, 1);
    }),
    { numRuns: 100 },
  );
});
