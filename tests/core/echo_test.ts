/** The echo splitter: nothing lost, nothing added, in order, in pieces of at most the buffer. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { Core } from "../../core/mod.ts";
import { pieces } from "../../bench/check/cuts.ts";

const core = Core.create({ blocks: 4 });

/** Takes all that was received on `conn` in pieces of at most `size` bytes. */
function takePieces(conn: number, size: number): Uint8Array[] {
  const taken: Uint8Array[] = [];
  while (core.nextPiece(conn, size) > 0) {
    const start = core.pieceStart(conn);
    taken.push(core.bytes.slice(start, start + core.pieceLength(conn)));
  }
  return taken;
}

/** Gives `run` a connection of its own. */
function withConn(run: (conn: number) => void): void {
  const conn = core.open();
  try {
    run(conn);
  } finally {
    core.close(conn);
  }
}

Deno.test("nextPiece() cuts 31 bytes at a buffer of 20 into 20 and 11", () => {
  withConn((conn) => {
    const message = Uint8Array.from({ length: 31 }, (_, i) => i);
    assert.equal(core.receive(conn, message), 31);
    const [first, second, ...rest] = takePieces(conn, 20);
    assert.deepEqual([first, second], [message.slice(0, 20), message.slice(20)]);
    assert.equal(rest.length, 0);
    assert.equal(core.pending(conn), 0);
  });
});

Deno.test("nextPiece() gives any bytes back, however they arrive and are cut", () => {
  const bytes = fc.uint8Array({ maxLength: 5000 });
  const cuts = fc.array(fc.nat(5000), { maxLength: 8 }).map((all) => all.sort((a, b) => a - b));
  fc.assert(fc.property(bytes, cuts, fc.integer({ min: 1, max: 6000 }), (bytes, cuts, size) => {
    withConn((conn) => {
      const echoed: number[] = [];
      for (const part of pieces(bytes, cuts)) {
        assert.equal(core.receive(conn, part), part.length);
        const taken = takePieces(conn, size);
        assert.deepEqual(
          taken.map(({ length }) => length),
          taken.map((_, i) => i < taken.length - 1 ? size : part.length - i * size),
        );
        for (const piece of taken) echoed.push(...piece);
        core.rewind(conn);
      }
      assert.deepEqual(Uint8Array.from(echoed), bytes);
    });
  }));
});

Deno.test("nextPiece() goes on where it stopped when more arrives between two pieces", () => {
  withConn((conn) => {
    core.receive(conn, Uint8Array.of(1, 2, 3));
    assert.equal(core.nextPiece(conn, 2), 2);
    core.receive(conn, Uint8Array.of(4, 5));
    assert.deepEqual(takePieces(conn, 2), [Uint8Array.of(3, 4), Uint8Array.of(5)]);
  });
});

Deno.test("rewind() makes the whole input area free again", () => {
  withConn((conn) => {
    const room = core.inputView(conn).length;
    core.receive(conn, new Uint8Array(room));
    assert.equal(core.inputView(conn).length, 0);
    assert.equal(takePieces(conn, 4096).length, Math.ceil(room / 4096));
    core.rewind(conn);
    assert.equal(core.inputView(conn).length, room);
  });
});

Deno.test("the input area holds a whole buffer of the largest size that ktcp echo takes", () => {
  const inputBytes = 1 << 20;
  const large = Core.create({ blocks: 1, inputBytes });
  assert.ok(large.inputView(large.open()).length >= inputBytes);
});

Deno.test("a full input area spills into no other connection", () => {
  withConn((first) =>
    withConn((second) => {
      core.receive(second, Uint8Array.of(7, 8, 9));
      core.inputView(first).fill(0xff);
      core.received(first, core.inputView(first).length);
      takePieces(first, 100);
      assert.deepEqual(takePieces(second, 100), [Uint8Array.of(7, 8, 9)]);
    })
  );
});
