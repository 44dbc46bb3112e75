import assert from "node:assert/strict";
import { Errno } from "../../../system/linux/errno.ts";
import { createEventFd, drainEventFd, signalEventFd } from "../../../system/linux/eventfd.ts";
import { openFile } from "../../../system/linux/file.ts";
import { BufferRing } from "../../../system/linux/io_uring/buffer_ring.ts";
import { IoUring, type IoUringOptions } from "../../../system/linux/io_uring/io_uring.ts";
import { bufferId, CompletionFlag } from "../../../system/linux/io_uring/structs.ts";
import { SystemError } from "../../../system/linux/libc.ts";
import { addressOf } from "../../../system/linux/memory.ts";
import { Interest } from "../../../system/linux/pollers/poller.ts";
import {
  connectTcp,
  MSG_DONTWAIT,
  MSG_WAITALL,
  setResetOnClose,
  Shutdown,
  shutdown,
} from "../../../system/linux/socket.ts";
import {
  awaitReady,
  Descriptors,
  NO_DESCRIPTOR,
  notLinux,
  receiveText,
  sendText,
} from "./sockets.ts";

/** A completion, copied. */
interface Completion {
  low: number;
  high: number;
  result: number;
  isMore: boolean;
  buffer: number | undefined;
}

const memory = new Uint8Array(
  new WebAssembly.Memory({ initial: 64, maximum: 64, shared: true }).buffer,
);

/** A ring that is closed with the test. */
class TestRing extends IoUring implements Disposable {
  constructor(options: Partial<IoUringOptions> = {}) {
    super({ entries: 8, completions: 16, memory, ...options });
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** The next completions, `count` or more. @throws after 30 seconds */
  take(count = 1): Completion[] {
    const found: Completion[] = [];
    while (found.length < count) {
      const ready = this.enter(1, 30_000);
      assert.ok(ready > 0, `enter: ${ready}`);
      found.push(...this.#copy(ready));
    }
    return found;
  }

  /** The next completion, the only one. */
  takeOne(): Completion {
    const found = this.take();
    assert.equal(found.length, 1);
    return found[0];
  }

  /** Completions that are there now. */
  poll(): Completion[] {
    const ready = this.enter(0, 0);
    assert.ok(ready >= 0, `enter: ${ready}`);
    return this.#copy(ready);
  }

  #copy(count: number): Completion[] {
    const found = Array.from({ length: count }, (_, i) => ({
      low: this.userLow(i),
      high: this.userHigh(i),
      result: this.result(i),
      isMore: (this.flags(i) & CompletionFlag.More) !== 0,
      buffer: (this.flags(i) & CompletionFlag.Buffer) !== 0 ? bufferId(this.flags(i)) : undefined,
    }));
    this.seen(count);
    return found;
  }
}

/** Why there is no io_uring here; undefined where there is. */
function refusal(): string | undefined {
  if (notLinux) return "not Linux";
  try {
    new TestRing().close();
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    return error.message;
  }
}

const reason = refusal();

function test(name: string, fn: (fds: Descriptors) => void): void {
  Deno.test({
    name: `io_uring: ${name}${reason === undefined ? "" : ` (not here: ${reason})`}`,
    ignore: reason !== undefined,
    fn: () => {
      using descriptors = new Descriptors();
      fn(descriptors);
    },
  });
}

function write(text: string, offset: number): number {
  const bytes = new TextEncoder().encode(text);
  memory.set(bytes, offset);
  return bytes.length;
}

function read(offset: number, length: number): string {
  return new TextDecoder().decode(memory.slice(offset, offset + length));
}

const LISTENER = 1, CONNECTION = 2, OTHER = 3;

for (const directDescriptors of [0, 64]) {
  const kind = directDescriptors > 0 ? "direct descriptors" : "descriptors";
  /** A ring with a connection. */
  const connect = (fds: Descriptors, options: Partial<IoUringOptions> = {}) => {
    const ring = new TestRing({ directDescriptors, ...options });
    const { fd, port } = fds.listen();
    ring.acceptMultishot(fd, LISTENER, 0);
    const client = fds.keep(connectTcp("127.0.0.1", port));
    const { low, result, isMore } = ring.takeOne();
    assert.deepEqual({ low, isMore }, { low: LISTENER, isMore: true });
    return { ring, client, connection: directDescriptors > 0 ? result : fds.keep(result), port };
  };

  test(`accepts, receives, sends, ends and closes, with ${kind}`, (fds) => {
    const { ring, client, connection, port } = connect(fds);
    using _ring = ring;
    ring.recv(connection, 1000, 100, CONNECTION, 0x8000_0007 | 0);
    assert.deepEqual(ring.poll(), []);
    sendText(client, "hello");
    assert.deepEqual(ring.takeOne(), {
      low: CONNECTION,
      high: 0x8000_0007 | 0,
      result: 5,
      isMore: false,
      buffer: undefined,
    });
    assert.equal(read(1000, 6), "hello\0");
    ring.send(connection, 2000, write("answer", 2000), CONNECTION, 1);
    assert.equal(ring.takeOne().result, 6);
    awaitReady(client, Interest.Read);
    assert.equal(receiveText(client), "answer");
    ring.recv(connection, 1000, 100, CONNECTION, 2);
    shutdown(client, Shutdown.Write);
    assert.equal(ring.takeOne().result, 0);
    ring.shutdown(connection, Shutdown.Write, CONNECTION, 3);
    assert.equal(ring.takeOne().result, 0);
    awaitReady(client, Interest.Read);
    assert.equal(receiveText(client), "");
    ring.closeConnection(connection, CONNECTION, 4);
    assert.equal(ring.takeOne().result, 0);
    // The listener is still accepted from; a direct descriptor is used again.
    fds.keep(connectTcp("127.0.0.1", port));
    const next = ring.takeOne();
    assert.equal(next.low, LISTENER);
    if (ring.isDirect) assert.equal(next.result, connection);
    else fds.keep(next.result);
    ring.recv(NO_DESCRIPTOR, 0, 1, OTHER, 0);
    assert.equal(ring.takeOne().result, -Errno.EBADF);
  });

  test(`receives into provided buffers, which run out and are given back, with ${kind}`, (fds) => {
    const { ring, client, connection } = connect(fds);
    using _ring = ring;
    const buffers = new BufferRing(ring, { group: 7, bytes: 4, offsets: [4096, 9000] });
    ring.recvMultishot(connection, buffers.group, CONNECTION, 0);
    sendText(client, "abcdefghi");
    const parts = ring.take(3);
    const texts = parts.slice(0, 2).map(({ buffer, result }) =>
      read(buffers.offset(buffer!), result)
    );
    assert.deepEqual(texts, ["abcd", "efgh"]);
    assert.equal(parts[2].result, -Errno.ENOBUFS);
    assert.equal(parts[2].isMore, false);
    for (const { buffer } of parts.slice(0, 2)) buffers.give(buffer!);
    ring.recvMultishot(connection, buffers.group, CONNECTION, 1);
    const rest = ring.takeOne();
    assert.deepEqual([rest.high, read(buffers.offset(rest.buffer!), rest.result)], [1, "i"]);
    buffers.give(rest.buffer!);
    shutdown(client, Shutdown.Write);
    const end = ring.takeOne();
    assert.deepEqual([end.result, end.isMore, end.buffer], [0, false, undefined]);
    buffers.close();
    ring.recvMultishot(connection, buffers.group, CONNECTION, 2);
    assert.equal(ring.takeOne().result, -Errno.ENOBUFS);
  });

  test(`cancels by user_data, of which both words count, and by connection, with ${kind}`, (fds) => {
    const { ring, connection } = connect(fds);
    using _ring = ring;
    ring.recv(connection, 0, 10, CONNECTION, 1);
    ring.recv(connection, 10, 10, CONNECTION, 2);
    assert.deepEqual(ring.poll(), []);
    ring.cancel(CONNECTION, 2, OTHER, 0);
    const byUser = ring.take(2);
    const results = (completions: Completion[]) =>
      new Map(completions.map(({ low, high, result }) => [`${low} ${high}`, result]));
    assert.deepEqual(
      results(byUser),
      new Map([[`${CONNECTION} 2`, -Errno.ECANCELED], [`${OTHER} 0`, 1]]),
    );
    ring.cancel(CONNECTION, 2, OTHER, 1);
    assert.equal(ring.takeOne().result, 0);
    ring.pollWritable(connection, CONNECTION, 3);
    assert.equal(ring.takeOne().result & 4, 4);
    ring.cancelConnection(connection, OTHER, 2);
    assert.deepEqual(
      results(ring.take(2)),
      new Map([[`${CONNECTION} 1`, -Errno.ECANCELED], [`${OTHER} 2`, 1]]),
    );
  });

  test(`says when the peer has reset, with ${kind}`, (fds) => {
    const { ring, client, connection } = connect(fds);
    using _ring = ring;
    ring.recv(connection, 0, 10, CONNECTION, 0);
    assert.deepEqual(ring.poll(), []);
    setResetOnClose(client);
    fds.close(client);
    assert.equal(ring.takeOne().result, -Errno.ECONNRESET);
    ring.send(connection, 0, 10, CONNECTION, 1);
    assert.equal(ring.takeOne().result, -Errno.EPIPE);
  });

  test(`sends the whole, or what there is room for, with ${kind}`, (fds) => {
    const { ring, client, connection } = connect(fds);
    using _ring = ring;
    // More than the kernel buffers: a plain send takes part of it, and is done.
    const size = memory.length;
    let sent = 0;
    for (let i = 0; i < 8 && sent % size === 0; ++i) {
      ring.send(connection, 0, size, CONNECTION, i);
      sent += ring.takeOne().result;
    }
    assert.notEqual(sent % size, 0);
    ring.send(connection, 0, size, CONNECTION, 8, MSG_DONTWAIT);
    assert.equal(ring.takeOne().result, -Errno.EAGAIN, "it ends at once");
    ring.send(connection, 0, size, CONNECTION, 9, MSG_WAITALL);
    assert.deepEqual(ring.poll(), []);
    const deadline = performance.now() + 30_000;
    for (let left = sent + size; left > 0;) {
      assert.ok(performance.now() < deadline, `${left} bytes have not come`);
      // The kernel goes on with the send while the thread is in enter.
      assert.ok(ring.enter(0, 0) >= 0);
      const text = receiveText(client);
      if (typeof text === "string") left -= text.length;
    }
    assert.equal(ring.takeOne().result, size);
  });

  test(`moves a file through a pipe to a connection, with ${kind}`, (fds) => {
    const { ring, client, connection } = connect(fds);
    using _ring = ring;
    const path = Deno.makeTempFileSync();
    try {
      Deno.writeTextFileSync(path, "0123456789");
      const file = fds.keep(openFile(path));
      const [readEnd, writeEnd] = fds.pipe();
      ring.spliceToPipe(file, 3, writeEnd, 5, CONNECTION, 0);
      assert.equal(ring.takeOne().result, 5);
      ring.spliceToConnection(readEnd, connection, 5, CONNECTION, 1);
      assert.equal(ring.takeOne().result, 5);
      awaitReady(client, Interest.Read);
      assert.equal(receiveText(client), "34567");
      ring.spliceToPipe(file, 10, writeEnd, 5, CONNECTION, 2);
      assert.equal(ring.takeOne().result, 0);
      ring.read(file, 8, 3000, 100, OTHER, 0);
      assert.equal(ring.takeOne().result, 2);
      assert.equal(read(3000, 3), "89\0");
    } finally {
      Deno.removeSync(path);
    }
  });
}

test("sends memory outside of its own, however far away and on whichever side", (fds) => {
  // Each takes 8 GiB of addresses.
  const memories = Array.from(
    { length: 4 },
    () =>
      new Uint8Array(new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true }).buffer),
  );
  const [server, client] = fds.pair();
  for (const [i, own] of memories.entries()) {
    using ring = new TestRing({ memory: own });
    for (const [j, other] of memories.entries()) {
      const text = `from ${j} with ${i}`;
      new TextEncoder().encodeInto(text, other.subarray(4000));
      const offset = addressOf(other.subarray(4000)) - ring.addressAt(0);
      ring.send(server, offset, text.length, CONNECTION, 0);
      assert.equal(ring.takeOne().result, text.length, `${offset} bytes away`);
      assert.equal(receiveText(client), text);
    }
  }
});

test("a buffer ring is gone around, also beyond its counter of 16 bits", (fds) => {
  using ring = new TestRing({ completions: 128 });
  const [connection, client] = fds.pair();
  const offsets = Array.from({ length: 32 }, (_, i) => 100 * i);
  const buffers = new BufferRing(ring, { group: 0, bytes: 1, offsets });
  ring.recvMultishot(connection, buffers.group, CONNECTION, 0);
  for (let round = 0; round < 2100; ++round) {
    sendText(client, "x".repeat(offsets.length));
    for (const { buffer, result, isMore } of ring.take(offsets.length)) {
      if (result !== 1) assert.fail(`round ${round}: ${result}`);
      buffers.give(buffer!);
      if (!isMore) ring.recvMultishot(connection, buffers.group, CONNECTION, 0);
    }
  }
});

test("a full table of direct descriptors ends accepting with ENFILE", (fds) => {
  using ring = new TestRing({ directDescriptors: 2 });
  const { fd, port } = fds.listen();
  ring.acceptMultishot(fd, LISTENER, 0);
  for (let i = 0; i < 3; ++i) fds.keep(connectTcp("127.0.0.1", port));
  const all = ring.take(3);
  assert.deepEqual(all.map(({ result }) => result), [0, 1, -Errno.ENFILE]);
  assert.equal(all[2].isMore, false);
});

test("a full submission queue is submitted, and takes more", () => {
  using ring = new TestRing({ entries: 4, completions: 64 });
  for (let i = 0; i < 30; ++i) assert.equal(ring.nop(i, ~i), 0);
  assert.ok(ring.unsubmitted <= 4);
  const all = ring.take(30);
  assert.deepEqual(all.map(({ low, high }) => [low, high]), all.map((_, i) => [i, ~i]));
  assert.equal(ring.unsubmitted, 0);
});

test("an overflown completion queue loses nothing", () => {
  using ring = new TestRing({ entries: 4, completions: 8 });
  for (let i = 0; i < 50; ++i) assert.equal(ring.nop(i, 0), 0);
  assert.equal(ring.enter(0, 0), 8);
  assert.equal(ring.isOverflown, true);
  const all = ring.take(50);
  assert.deepEqual(all.map(({ low }) => low), Array.from({ length: 50 }, (_, i) => i));
  assert.deepEqual(ring.poll(), []);
  assert.equal(ring.isOverflown, false);
});

test("a wait ends with its time, with an eventfd, and after the least time", (fds) => {
  using ring = new TestRing();
  const wake = fds.keep(createEventFd());
  ring.pollReadable(wake, OTHER, 0);
  const before = performance.now();
  assert.equal(ring.enter(1, 20), 0);
  assert.ok(performance.now() - before >= 19);
  for (let i = 0; i < 3; ++i) {
    signalEventFd(wake);
    const { low, result, isMore } = ring.takeOne();
    assert.deepEqual({ low, result, isMore }, { low: OTHER, result: Interest.Read, isMore: true });
    assert.equal(drainEventFd(wake), 1);
  }
  // One completion is there, and 10 are wanted: the wait ends with the least time, not at the end.
  ring.nop(1, 1);
  assert.equal(ring.enter(10, ring.hasMinWait ? 5000 : 20, 1000), 1);
});

test("the queues are gone around many times", () => {
  using ring = new TestRing({ entries: 1024, completions: 2048 });
  for (let round = 0; round < 200; ++round) {
    for (let i = 0; i < 1000; ++i) ring.nop(i, round);
    assert.equal(ring.enter(1000, 5000), 1000);
    assert.equal(ring.userLow(999), 999);
    ring.seen(1000);
  }
});

test("close() ends what is in flight, and closes connections with direct descriptors", (fds) => {
  const { fd, port } = fds.listen();
  const ring = new TestRing({ directDescriptors: 64 });
  ring.acceptMultishot(fd, LISTENER, 0);
  const client = fds.keep(connectTcp("127.0.0.1", port));
  ring.recv(ring.takeOne().result, 0, 100, CONNECTION, 0);
  assert.deepEqual(ring.poll(), []);
  ring.close();
  awaitReady(client, Interest.Read);
  assert.equal(receiveText(client), "");
});

test("send: a silent one completes only when it fails", (fds) => {
  using ring = new TestRing();
  const [a, b] = fds.pair();
  const count = write("silent", 0);
  ring.send(a, 0, count, 1, 0, MSG_WAITALL, true);
  ring.nop(2, 0);
  assert.deepEqual(ring.take().map(({ low }) => low), [2]);
  assert.equal(receiveText(b), "silent");
  shutdown(a, Shutdown.Write);
  ring.send(a, 0, count, 3, 0, MSG_WAITALL, true);
  const { low, result } = ring.takeOne();
  assert.deepEqual([low, result], [3, -Errno.EPIPE]);
});

test("recv: one that waits first receives what has come before, and what comes", (fds) => {
  using ring = new TestRing();
  const [a, b] = fds.pair();
  sendText(b, "before");
  ring.recv(a, 0, 64, 1, 0, true);
  assert.equal(ring.takeOne().result, 6);
  ring.recv(a, 0, 64, 2, 0, true);
  assert.deepEqual(ring.poll(), []);
  sendText(b, "then");
  assert.equal(ring.takeOne().result, 4);
});
