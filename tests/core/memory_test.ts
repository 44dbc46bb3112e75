/** Blocks of the shared memory: none is given to two, all come back, exhaustion is an answer. */
import assert from "node:assert/strict";
import { Core, CoreMemoryError, DEFAULT_LIMITS, maxBlocks } from "../../core/mod.ts";
import { type BlockResult, type BlockTask, MAX_HELD, takeBlocks } from "./take_blocks.ts";
import { GuardBlock } from "../support/guard_block.ts";

/** Takes the output, as the driver of a connection does when it sends it. */
function outputOf(core: Core, conn: number): string {
  let text = "";
  for (let block = core.outBlock(conn); block !== 0; block = core.outBlock(conn)) {
    text += new TextDecoder("latin1").decode(core.outView(block).slice());
    core.dropOutBlock(conn);
  }
  return text;
}

Deno.test("open() and close() count the blocks in use, and use them again", () => {
  const core = Core.create({ blocks: 3 });
  assert.equal(core.blocksUsed, 0);
  const [a, b, c] = [core.open(), core.open(), core.open()];
  assert.equal(new Set([a, b, c]).size, 3);
  assert.ok(a > 0 && b > 0 && c > 0);
  assert.equal(core.blocksUsed, 3);
  core.close(b);
  assert.equal(core.blocksUsed, 2);
  assert.equal(core.open(), b);
});

Deno.test("open() answers 0 when all blocks are in use, and counts nothing", () => {
  const core = Core.create({ blocks: 2 });
  const first = core.open();
  core.open();
  assert.equal(core.open(), 0);
  assert.equal(core.blocksUsed, 2);
  core.close(first);
  assert.equal(core.open(), first);
});

Deno.test("open() prepares a block anew, whatever was in it", () => {
  const core = Core.create({ blocks: 1 });
  const conn = core.open();
  const room = core.inputView(conn).length;
  core.setServiceWord(conn, 0, 17);
  core.countServed(conn);
  core.receive(conn, new TextEncoder().encode("POST / HTTP/1.1\r\nHost: x\r\n"));
  core.next(conn);
  core.close(conn);
  assert.equal(core.open(), conn);
  assert.equal(core.serviceWord(conn, 0), 0);
  assert.equal(core.served(conn), 0);
  assert.equal(core.pending(conn), 0);
  assert.equal(core.isInMessage(conn), false);
  assert.equal(core.inputView(conn).length, room);
});

Deno.test("sendBytes() chains blocks, dropOutBlock() gives them back one by one", () => {
  const core = Core.create({ blocks: 4 });
  const conn = core.open();
  const bytes = Uint8Array.from({ length: 2 * core.blockCapacity + 10 }, (_, i) => i % 251);
  core.sendBytes(conn, bytes);
  assert.equal(core.blocksUsed, 4);
  const sent: number[] = [];
  for (let block = core.outBlock(conn); block !== 0; block = core.outBlock(conn)) {
    sent.push(...core.outView(block));
    core.dropOutBlock(conn);
  }
  assert.deepEqual(Uint8Array.from(sent), bytes);
  assert.equal(core.blocksUsed, 1);
});

Deno.test("sendBytes() throws when no block is left; close() gives back what it had taken", () => {
  const core = Core.create({ blocks: 2 });
  const conn = core.open();
  assert.throws(() => core.sendBytes(conn, new Uint8Array(2 * core.blockCapacity)), (error) => {
    assert.ok(error instanceof CoreMemoryError);
    assert.match(error.message, /slow readers/);
    return true;
  });
  core.close(conn);
  assert.equal(core.blocksUsed, 0);
});

Deno.test("sendBytes() appends all or nothing", () => {
  const core = Core.create({ blocks: 3 });
  const conn = core.open();
  core.sendText(conn, "before");
  for (const blocks of [2, 3, 5]) {
    assert.throws(
      () => core.sendBytes(conn, new Uint8Array(blocks * core.blockCapacity)),
      CoreMemoryError,
    );
    assert.equal(core.blocksUsed, 2);
  }
  core.sendText(conn, ", behind");
  assert.equal(outputOf(core, conn), "before, behind");
  assert.throws(
    () => core.sendBytes(conn, new Uint8Array(2 * core.blockCapacity + 1)),
    CoreMemoryError,
  );
  assert.equal(core.outBlock(conn), 0);
  core.close(conn);
  assert.equal(core.blocksUsed, 0);
});

Deno.test("text of any length stays within the blocks of its own connection", () => {
  const core = Core.create({ blocks: 16 });
  for (const length of [0, 1, core.blockCapacity, core.blockCapacity + 1, 200_000]) {
    for (const bytes of [0, 1, core.blockCapacity]) {
      // Free blocks are used again in reverse order: a guard stands behind each of them.
      const taken = Array.from({ length: 15 }, () => new GuardBlock(core));
      const free = taken.filter((_, i) => i % 2 === 0);
      const guards = taken.filter((_, i) => i % 2 === 1);
      free.forEach((block) => block.close());
      const conn = core.open();
      const text = "x".repeat(length);
      core.sendText(conn, text, new Uint8Array(bytes).fill(0x79));
      assert.ok(guards.every((guard) => guard.isIntact));
      assert.equal(outputOf(core, conn), text + "y".repeat(bytes));
      core.close(conn);
      guards.forEach((block) => block.close());
      assert.equal(core.blocksUsed, 0);
    }
  }
});

Deno.test("output takes no block that is meant for a connection", () => {
  const core = Core.create({ blocks: 5, outputBlocks: 2 });
  const conn = core.open();
  assert.throws(
    () => core.sendBytes(conn, new Uint8Array(3 * core.blockCapacity)),
    CoreMemoryError,
  );
  core.sendBytes(conn, new Uint8Array(2 * core.blockCapacity));
  assert.throws(() => core.sendText(conn, "x"), CoreMemoryError);
  const others = [core.open(), core.open()];
  assert.ok(!others.includes(0));
  for (let round = 0; round < 5; ++round) {
    assert.equal(outputOf(core, conn).length, 2 * core.blockCapacity);
    core.sendBytes(conn, new Uint8Array(2 * core.blockCapacity));
  }
  for (const one of [conn, ...others]) core.close(one);
  assert.equal(core.blocksUsed, 0);
});

Deno.test("sendFinal() takes no block, goes behind the output, and leaves the input alone", () => {
  const core = Core.create({ blocks: 3, outputBlocks: 1 });
  const conn = core.open();
  const neighbour = new GuardBlock(core);
  core.sendBytes(conn, new Uint8Array(core.blockCapacity));
  const room = core.inputView(conn);
  room.fill(7);
  const text = "z".repeat(512);
  core.sendFinal(conn, text);
  assert.ok(room.every((byte) => byte === 7));
  assert.ok(neighbour.isIntact);
  assert.equal(outputOf(core, conn), "\0".repeat(core.blockCapacity) + text);
  assert.throws(() => core.sendFinal(conn, text + "z"), /513 bytes exceed 512/);
  core.close(conn);
  assert.equal(core.blocksUsed, 1);
});

Deno.test("maxBlocks() of a size fit into a memory, one more does not", () => {
  const size = { limits: DEFAULT_LIMITS, inputBytes: 1 << 20 };
  const most = maxBlocks(size);
  assert.ok(most > 3000 && most < 4096, `${most}`);
  assert.throws(() => Core.create({ ...size, blocks: most + 1 }), /exceed 4 GiB/);
});

Deno.test("an instance that attaches sees what another one received", () => {
  const core = Core.create({ blocks: 2 });
  const conn = core.open();
  core.receive(conn, Uint8Array.of(1, 2, 3));
  const other = Core.attach(core.share);
  assert.equal(other.nextPiece(conn, 100), 3);
  const start = other.pieceStart(conn);
  assert.deepEqual(other.bytes.slice(start, start + 3), Uint8Array.of(1, 2, 3));
  other.close(conn);
  assert.equal(core.blocksUsed, 0);
});

Deno.test("threads that take and give back at once never share a block, and lose none", async () => {
  const blocks = 12;
  const threads = 2;
  assert.ok(threads * MAX_HELD > blocks, "sometimes none is left");
  const { share } = Core.create({ blocks });
  const arrived = new Int32Array(new SharedArrayBuffer(4));
  const task: BlockTask = { share, mark: 1, rounds: 100_000, arrived, threads };
  const worker = new Worker(new URL("./memory_worker.ts", import.meta.url), { type: "module" });
  const { promise, resolve, reject } = Promise.withResolvers<BlockResult>();
  worker.onmessage = ({ data }: MessageEvent<BlockResult>) => resolve(data);
  worker.onerror = reject;
  worker.postMessage({ ...task, mark: 2 });
  const results = [takeBlocks(task), await promise];
  worker.terminate();
  for (const { taken, clashes } of results) {
    assert.equal(clashes, 0);
    assert.ok(taken > task.rounds / 10, `${taken} blocks`);
  }
  const core = Core.attach(share);
  assert.equal(core.blocksUsed, 0);
  const again = Array.from({ length: blocks }, () => core.open());
  assert.equal(new Set(again).size, blocks);
  assert.ok(!again.includes(0));
  assert.equal(core.open(), 0);
});
