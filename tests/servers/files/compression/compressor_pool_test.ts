import assert from "node:assert/strict";
import zlib from "node:zlib";
import {
  CompressorPool,
  type CompressorPoolOptions,
} from "../../../../servers/files/compression/compressor_pool.ts";
import { RemoteCompressor } from "../../../../servers/files/compression/remote_compressor.ts";
import type { Compressed, Original } from "../../../../servers/files/compress.ts";
import { contentTag } from "../../../../servers/files/content_tag.ts";
import type { Coding } from "../../../../servers/files/negotiate.ts";
import { Files } from "../../../../servers/files/files.ts";
import { HashQueue } from "../../../../servers/files/compression/hash_queue.ts";
import { until } from "../../../support/until.ts";
import { withTree } from "../tree.ts";

const PLAIN = { followSymlinks: false, dotfiles: false };

const text = new TextEncoder().encode("some text to compress, ".repeat(500));

/** A file that takes a compressor some ten milliseconds. */
const large = Uint8Array.from({ length: 1 << 20 }, (_, i) => 97 + ((i * i) >> 7) % 23);

/** For tests that do not rest on time: an answer waits for as long as it takes. */
const PATIENT = { cacheBytes: 1e7, maxWaitMs: 60_000 };

/** Whether the pool has the copy. */
function isKept(pool: CompressorPool, original: Original): boolean {
  const copy = pool.compress(original);
  return copy !== undefined && !(copy instanceof Promise) && copy.bytes.length < original.size;
}

function original(bytes: Uint8Array, names: { tag: string; coding: Coding }): Original {
  return { ...names, size: bytes.length, read: () => bytes };
}

async function withPool(
  options: CompressorPoolOptions,
  use: (pool: CompressorPool) => Promise<void>,
): Promise<void> {
  const pool = new CompressorPool(options);
  try {
    await use(pool);
  } finally {
    await pool.stop();
  }
}

Deno.test("CompressorPool makes copies that decode to the original, once per coding", () =>
  withPool(PATIENT, async (pool) => {
    const decoders = {
      br: zlib.brotliDecompressSync,
      zstd: zlib.zstdDecompressSync,
      gzip: zlib.gunzipSync,
    };
    for (const coding of ["br", "zstd", "gzip"] as const) {
      const options = { tag: '"x"', coding };
      const first = pool.compress(original(text, options));
      assert.ok(first instanceof Promise);
      const second = pool.compress(original(text, options));
      assert.equal(pool.bytesUnderWay, text.length, "the job under way is shared");
      const copy = (await first)!;
      assert.equal(await second, copy);
      assert.ok(copy.bytes.length < text.length / 5);
      assert.deepEqual(new Uint8Array(decoders[coding](copy.bytes)), text);
      assert.equal(copy.tag, contentTag(copy.bytes));
      assert.equal(pool.compress(original(text, options)), copy, "the copy is kept");
      assert.equal(pool.bytesUnderWay, 0);
    }
  }));

Deno.test("CompressorPool refuses when too many wait, and keeps the copy all the same", () =>
  withPool({ ...PATIENT, maxWaiting: 2 }, async (pool) => {
    const third = original(text, { tag: '"2"', coding: "gzip" });
    const jobs = [0, 1].map((i) =>
      pool.compress(original(text, { tag: `"${i}"`, coding: "gzip" }))
    );
    assert.ok(jobs.every((job) => job instanceof Promise));
    assert.equal(pool.compress(third), undefined);
    await Promise.all(jobs);
    await until(() => isKept(pool, third));
  }));

Deno.test("CompressorPool holds few bytes: what waits for its turn has not read any", () =>
  withPool({ ...PATIENT, maxBytes: 2.5 * text.length }, async (pool) => {
    let mostBytes = 0;
    let reads = 0;
    const copies = Array.from({ length: 20 }, (_, index) =>
      pool.compress({
        ...original(text, { tag: `"${index}"`, coding: "gzip" }),
        read: () => {
          reads++;
          mostBytes = Math.max(mostBytes, pool.bytesUnderWay);
          return text;
        },
      }));
    assert.equal(reads, 2);
    for (const copy of await Promise.all(copies)) assert.ok(copy!.bytes.length < text.length);
    assert.deepEqual([reads, mostBytes, pool.bytesUnderWay], [20, 2 * text.length, 0]);
  }));

Deno.test("CompressorPool takes any one file, and gives up what cannot be read", () =>
  withPool({ ...PATIENT, maxBytes: 10 }, async (pool) => {
    const gone = { tag: '"1"', coding: "gzip", size: 1000 } as const;
    const fail = () => {
      throw new Error("disk");
    };
    const copies = [
      pool.compress({ ...gone, read: fail }),
      pool.compress({ ...gone, tag: '"2"', read: () => undefined }),
      pool.compress(original(text, { tag: '"3"', coding: "gzip" })),
    ];
    assert.deepEqual(await Promise.all(copies.slice(0, 2)), [undefined, undefined]);
    assert.ok((await copies[2])!.bytes.length < text.length);
    assert.equal(pool.bytesUnderWay, 0);
  }));

Deno.test("CompressorPool lets nobody wait longer than it may, and keeps the copy for later", () =>
  withPool({ cacheBytes: 1e7, maxWaitMs: 1 }, async (pool) => {
    const options = { tag: '"x"', coding: "br" } as const;
    assert.equal(await pool.compress(original(large, options)), undefined);
    await until(() => isKept(pool, original(large, options)));
  }));

Deno.test("CompressorPool does not occupy the thread that asks", () =>
  withPool(PATIENT, async (pool) => {
    await pool.compress(original(text, { tag: '"warm"', coding: "br" }));
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await pool.compress(original(large, { tag: '"x"', coding: "br" }));
    clearInterval(timer);
    assert.ok(turns > 1, `${turns} turns of the event loop`);
  }));

Deno.test("CompressorPool.stop() gives up what is under way, at once", async () => {
  const pool = new CompressorPool(PATIENT);
  await pool.compress(original(text, { tag: '"warm"', coding: "br" }));
  const waiting = [0, 1, 2, 3].map((i) =>
    pool.compress(original(large, { tag: `"${i}"`, coding: "br" }))
  );
  const ended = pool.stop();
  assert.deepEqual(await Promise.all(waiting), [undefined, undefined, undefined, undefined]);
  await ended;
  assert.equal(pool.bytesUnderWay, 0);
  assert.equal(pool.compress(original(text, { tag: '"warm"', coding: "br" })), undefined);
});

Deno.test("CompressorPool.serve() answers Workers, and asks for bytes that it needs only", () =>
  withPool(PATIENT, async (pool) => {
    const ports = [new MessageChannel(), new MessageChannel()];
    const disconnect = ports.map(({ port1 }) => pool.serve(port1));
    const remotes = ports.map(({ port2 }) => new RemoteCompressor(port2, 1e6));
    const options = { tag: '"x"', coding: "zstd" } as const;
    const copies = await Promise.all(
      remotes.map((remote) => remote.compress(original(text, options))),
    );
    assert.deepEqual(new Uint8Array(zlib.zstdDecompressSync(copies[0]!.bytes)), text);
    assert.ok(copies[0]!.bytes.buffer instanceof SharedArrayBuffer);
    assert.equal(remotes[1].compress(original(text, options)), copies[1], "kept on this thread");
    // The tag stands for the bytes: others under it show that none were asked for.
    const other = new RemoteCompressor(ports[0].port2, 0);
    const again = await other.compress(original(new Uint8Array(9), options)) as Compressed;
    assert.deepEqual(again.bytes, copies[0]!.bytes);
    for (const end of disconnect) end();
    for (const { port2 } of ports) port2.close();
  }));

Deno.test("CompressorPool.serve() goes on when bytes are wanted of one that waits no more", () =>
  withPool({ ...PATIENT, maxBytes: 10 }, async (pool) => {
    const { port1, port2 } = new MessageChannel();
    const disconnect = pool.serve(port1);
    const remote = new RemoteCompressor(port2, 1e6);
    port1.postMessage({ kind: "want", id: 99 });
    const copy = await remote.compress(original(text, { tag: '"x"', coding: "gzip" }));
    assert.ok(copy!.bytes.length < text.length);
    disconnect();
    port2.close();
  }));

Deno.test("CompressorPool.serve() frees what a Worker took that is gone", () =>
  withPool(PATIENT, async (pool) => {
    const { port1, port2 } = new MessageChannel();
    const disconnect = pool.serve(port1);
    const wanted = new Promise((resolve) => port2.onmessage = ({ data }) => resolve(data));
    port2.postMessage({ kind: "ask", id: 7, tag: '"x"', coding: "br", size: 5000 });
    assert.deepEqual(await wanted, { kind: "want", id: 7 });
    assert.equal(pool.bytesUnderWay, 5000);
    disconnect();
    await until(() => pool.bytesUnderWay === 0);
    port2.close();
  }));

Deno.test("CompressorPool hashes a large file once, in a Worker that may read the directory", () =>
  withTree({ "large.bin": large, "other.bin": large.subarray(1) }, async (root) => {
    const settled = new Date(Date.now() - 60_000);
    const versionOf = (path: string) => {
      Deno.utimeSync(`${root}/${path}`, settled, settled);
      const found = new Files(root, PLAIN).find(path);
      assert.ok(found.kind === "file");
      return { path, facts: found.facts };
    };
    const [file, other] = ["large.bin", "other.bin"].map(versionOf);
    const place = { root, ...PLAIN };
    await withPool({ ...PATIENT, files: place }, async (pool) => {
      assert.equal(pool.tagOf(file), undefined);
      const { port1, port2 } = new MessageChannel();
      const end = pool.serve(port1);
      const remote = new RemoteCompressor(port2, 0);
      assert.equal(remote.tagOf(other), undefined);
      await until(() => pool.tagOf(file) !== undefined && remote.tagOf(other) !== undefined);
      assert.equal(pool.tagOf(file), contentTag(large));
      assert.equal(remote.tagOf(other), contentTag(large.subarray(1)));
      assert.equal(pool.tagOf(other), remote.tagOf(other), "what one thread asked for all know");
      // What is no longer there has no tag, and nothing waits for it.
      const gone = { path: "gone.bin", facts: { ...file.facts, ino: 1 } };
      assert.equal(remote.tagOf(gone), undefined);
      Deno.writeTextFileSync(`${root}/large.bin`, "changed");
      const changed = { path: "large.bin", facts: { ...file.facts, size: 7 } };
      assert.equal(remote.tagOf(changed), undefined);
      end();
      port2.close();
    });
  }));

Deno.test("HashQueue hashes one file at a time, each once, and as many as it has room for", async () => {
  const underWay: ((tag: string | undefined) => void)[] = [];
  let count = 0;
  const queue = new HashQueue((file) => {
    ++count;
    return new Promise((resolve) => underWay.push(() => resolve(`"${file.path}"`)));
  });
  const file = (ino: number) => ({
    path: `${ino}`,
    facts: { dev: 1, ino, size: 1, mtimeMs: 0, ctimeMs: 0 },
  });
  const first = [queue.tag(file(0)), queue.tag(file(0))];
  for (let ino = 1; ino < 300; ++ino) queue.begin(file(ino));
  assert.equal(queue.begin(file(300)), undefined, "too many wait");
  assert.equal(await queue.tag(file(300)), undefined);
  assert.deepEqual([count, underWay.length], [1, 1]);
  underWay.shift()!(undefined);
  assert.deepEqual(await Promise.all(first), ['"0"', '"0"']);
  await until(() => underWay.length === 1);
  assert.deepEqual([count, queue.get(file(0))], [2, '"0"']);
  const given = queue.tag(file(2));
  queue.clear();
  assert.equal(await given, undefined);
});
