/** Large files at the socket: what slow, impatient and many clients cost. Linux only: /proc. */
import assert from "node:assert/strict";
import { launchServer } from "../../support/launch.ts";
import { FileClient, requestBytes } from "../../support/file_server.ts";
import { peakResidentBytes } from "../../../system/process_usage.ts";
import { withTree } from "./tree.ts";
import { until } from "../../support/until.ts";

const ignore = Deno.build.os !== "linux";

const LARGE_BYTES = 100 << 20;
const STALLED = 20;
const MAX_RESIDENT_BYTES = 128 << 20;

/** How many descriptors `pid` has of the large file. */
function openFiles(pid: number): number {
  let count = 0;
  for (const { name } of Deno.readDirSync(`/proc/${pid}/fd`)) {
    try {
      if (Deno.readLinkSync(`/proc/${pid}/fd/${name}`).endsWith("/large")) ++count;
    } catch {
      // Closed since.
    }
  }
  return count;
}

/** A sparse file: long, and nothing on disk. */
function withLargeFile(use: (root: string) => Promise<void>): Promise<void> {
  return withTree({ "small.txt": "small", "list/x": "x" }, async (root) => {
    Deno.createSync(`${root}/large`).close();
    Deno.truncateSync(`${root}/large`, LARGE_BYTES);
    await use(root);
  });
}

Deno.test(
  "ktcp http --dir closes the file of a client that goes away",
  { ignore },
  () =>
    withLargeFile(async (root) => {
      await using server = await launchServer(["http", "--dir", root, "--model", "single"]);
      const { pid } = server.process;
      const address = { hostname: "127.0.0.1", port: server.port };
      const buffer = new Uint8Array(1000);
      const fields = { Range: "bytes=0-9,1000000-" };
      for (let round = 0; round < 3; ++round) {
        const conns = await Promise.all(
          Array.from({ length: 10 }, () => Deno.connect(address)),
        );
        for (const [index, conn] of conns.entries()) {
          await conn.write(requestBytes("/large", index % 2 === 0 ? {} : { fields }));
          await conn.read(buffer);
        }
        // A read on the thread pool has a duplicate of its own while it lasts.
        await until(() => openFiles(pid) === 10, () => `${openFiles(pid)} are open`);
        // A reset for some, a FIN within the response for the others.
        for (const conn of conns) conn.close();
        await until(() => openFiles(pid) === 0, () => `${openFiles(pid)} are left`);
      }
      // Requests that stream nothing leave nothing open either.
      await using client = await FileClient.connect(address);
      const conditional = { "If-None-Match": "*" };
      await client.ask("/large", { method: "HEAD" });
      await client.ask("/large", { fields: conditional });
      await client.ask("/large", { fields: { Range: `bytes=${LARGE_BYTES}-` } });
      await until(() => openFiles(pid) === 0, () => `${openFiles(pid)} are open`);
    }),
);

Deno.test(
  "ktcp http --dir closes a file that it had no time to begin with",
  { ignore },
  () =>
    withLargeFile(async (root) => {
      Deno.writeFileSync(`${root}/mid`, new Uint8Array(20_000));
      await using server = await launchServer(["http", "--dir", root, "--model", "single"]);
      const { pid } = server.process;
      const address = { hostname: "127.0.0.1", port: server.port };
      const byte = { fields: { Range: "bytes=0-0" } };
      const batch = [...Array(10).fill(requestBytes("/mid")), requestBytes("/large", byte)];
      const batches = new Uint8Array(await new Blob(Array(100).fill(batch).flat()).arrayBuffer());
      const conns = await Promise.all(Array.from({ length: 10 }, () => Deno.connect(address)));
      // Nothing is read: each connection stands before a file sooner or later, with others to send.
      for (const conn of conns) await conn.write(batches.subarray(0, 20_000));
      await until(() => openFiles(pid) >= 5, () => `${openFiles(pid)} are open`);
      for (const conn of conns) conn.close();
      await until(() => openFiles(pid) === 0, () => `${openFiles(pid)} are left`);
    }),
);

Deno.test("ktcp http --dir holds 20 stalled downloads in 128 MiB, and serves others", {
  ignore,
}, () =>
  withLargeFile(async (root) => {
    await using server = await launchServer(["http", "--dir", root, "--workers", "1"]);
    const address = { hostname: "127.0.0.1", port: server.port };
    const stalled: Deno.Conn[] = [];
    try {
      for (let i = 0; i < STALLED; ++i) {
        const conn = await Deno.connect(address);
        stalled.push(conn);
        await conn.write(requestBytes("/large"));
        await conn.read(new Uint8Array(100));
      }
      await using other = await FileClient.connect(address);
      // Larger than memory keeps, past all that stand still.
      for (let i = 0; i < 3; ++i) {
        const fields = { Range: `bytes=${i << 20}-${(i + 4 << 20) - 1}` };
        assert.equal((await other.ask("/large", { fields })).body.length, 4 << 20);
        assert.equal((await other.ask("/small.txt")).body, "small");
      }
      const peak = peakResidentBytes(server.process.pid);
      assert.ok(peak < MAX_RESIDENT_BYTES, `${peak >> 20} MiB resident`);
    } finally {
      for (const conn of stalled) conn.close();
    }
  }));

Deno.test(
  "ktcp http --dir finishes a download that runs when it is told to stop",
  { ignore },
  () =>
    withLargeFile(async (root) => {
      await using server = await launchServer(["http", "--dir", root, "--workers", "1"]);
      using conn = await Deno.connect({ port: server.port });
      await conn.write(requestBytes("/large"));
      const buffer = new Uint8Array(1 << 16);
      let received = (await conn.read(buffer))!;
      const head = new TextDecoder("latin1").decode(buffer.subarray(0, received));
      const whole = head.indexOf("\r\n\r\n") + 4 + LARGE_BYTES;
      server.process.signal("SIGTERM");
      for (let count; (count = await conn.read(buffer)) !== null;) received += count;
      assert.equal(received, whole);
      const { code } = await server.process.ended;
      assert.equal(code, 0);
    }),
);
