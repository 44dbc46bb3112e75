/** Waiting for a peer is no work: clients that do not read hold no Worker that others need. */
import assert from "node:assert/strict";
import { DEFAULT_LIMITS } from "../../../core/mod.ts";
import { type RunningServer, serve } from "../../../servers/mod.ts";
import { connect, readFull, writeAll } from "../../../tools/soak/client.ts";
import { FileClient, requestBytes } from "../../support/file_server.ts";
import { withTree } from "../files/tree.ts";
import { forEachSetup, serverOptions, type Setup, SETUPS } from "../../support/setups.ts";
import { until } from "../../support/until.ts";

/** Larger than what the kernel buffers for a connection on loopback. */
const LARGE = Uint8Array.from({ length: 16 << 20 }, (_, i) => i ^ (i >> 8) ^ (i >> 16));
/** Small enough to be sent from memory. */
const WHOLE = LARGE.subarray(0, 1 << 20);

const TREE = { "large.bin": LARGE, "whole.bin": WHOLE, "small.txt": "hello", "d/x": "" };

/** What is asked for, and what the content starts with. */
const TARGETS: [what: string, target: string, fields: Record<string, string>, begin: string][] = [
  ["a file", "/large.bin", {}, "\0\x01\x02"],
  ["a range", "/large.bin", { Range: "bytes=1-16000000" }, "\x01\x02\x03"],
  ["ranges", "/large.bin", { Range: "bytes=0-8000000,8000001-16000000" }, "--"],
];

const WORKERS = 2;

function start(setup: Setup, root: string): Promise<RunningServer> {
  return serve({
    ...serverOptions(setup),
    maxActive: WORKERS,
    service: { kind: "http", content: "dir", directory: { root }, limits: DEFAULT_LIMITS },
  });
}

async function readHead(conn: Deno.Conn): Promise<string> {
  let head = "";
  const byte = new Uint8Array(1);
  while (!head.endsWith("\r\n\r\n")) {
    await readFull(conn, byte);
    head += String.fromCharCode(byte[0]);
  }
  return head;
}

function openDescriptors(path: string): number {
  return [...Deno.readDirSync("/proc/self/fd")].filter(({ name }) => {
    try {
      return Deno.readLinkSync(`/proc/self/fd/${name}`) === path;
    } catch {
      return false;
    }
  }).length;
}

forEachSetup(SETUPS.filter(({ model }) => model === "shared-pool"), (setup) => {
  for (const [what, target, fields, begin] of TARGETS) {
    Deno.test(`${setup.label}: who does not read ${what} holds no Worker and leaves no descriptor`, () =>
      withTree(TREE, async (root) => {
        const server = await start(setup, root);
        const slow = await Promise.all(Array.from({ length: 4 * WORKERS }, async () => {
          const conn = await connect(server.port);
          await writeAll(conn, requestBytes(target, { fields }));
          // The answer is under way.
          assert.match(await readHead(conn), /^HTTP\/1\.1 20[06] /);
          const first = new Uint8Array(begin.length);
          await readFull(conn, first);
          assert.equal(String.fromCharCode(...first), begin);
          return conn;
        }));
        await using client = await FileClient.connect({ hostname: "127.0.0.1", port: server.port });
        assert.equal((await client.ask("/small.txt")).body, "hello");
        assert.ok(openDescriptors(`${root}/large.bin`) > 0);
        for (const conn of slow) conn.close();
        await until(() => openDescriptors(`${root}/large.bin`) === 0);
        await client[Symbol.asyncDispose]();
        assert.equal(await server.stop(5000), 0);
      }));
  }

  Deno.test(`${setup.label}: a file that is replaced under a download is sent as it was`, () =>
    withTree(TREE, async (root) => {
      const server = await start(setup, root);
      using conn = await connect(server.port);
      await writeAll(conn, requestBytes("/large.bin"));
      await readHead(conn);
      Deno.writeFileSync(`${root}/new.bin`, new Uint8Array(LARGE.length));
      Deno.renameSync(`${root}/new.bin`, `${root}/large.bin`);
      const received = new Uint8Array(LARGE.length);
      await readFull(conn, received);
      assert.deepEqual(received, LARGE);
      conn.close();
      assert.equal(await server.stop(5000), 0);
    }));

  Deno.test(`${setup.label}: a file that is truncated under a download cuts it off`, () =>
    withTree(TREE, async (root) => {
      const server = await start(setup, root);
      using conn = await connect(server.port);
      await writeAll(conn, requestBytes("/large.bin"));
      await readHead(conn);
      Deno.truncateSync(`${root}/large.bin`, 9 << 20);
      const buffer = new Uint8Array(65536);
      let count = 0;
      for (let read; (read = await conn.read(buffer)) !== null;) count += read;
      assert.ok(count >= 8 << 20 && count < LARGE.length, `${count}`);
      assert.equal(await server.stop(5000), 0);
    }));

  Deno.test(`${setup.label}: files from memory and listings come whole, also pipelined and in HTTP/1.0`, () =>
    withTree(TREE, async (root) => {
      const server = await start(setup, root);
      await using client = await FileClient.connect({ hostname: "127.0.0.1", port: server.port });
      const whole = String.fromCharCode(...WHOLE.subarray(0, 4096));
      for (let round = 0; round < 2; ++round) {
        const { body } = await client.ask("/whole.bin");
        assert.equal(body.length, WHOLE.length);
        assert.ok(body.startsWith(whole));
        const range = await client.ask("/whole.bin", { fields: { Range: "bytes=256-999999" } });
        assert.ok(range.body.startsWith(whole.slice(256)));
        assert.equal(range.body.length, 999_744);
        assert.match((await client.ask("/d/?format=json")).body, /"name":"x"/);
        const head = await client.ask("/large.bin", { method: "HEAD" });
        assert.equal(head.fields["content-length"], String(LARGE.length));
      }
      await client[Symbol.asyncDispose]();
      assert.equal(await server.stop(5000), 0);
    }));
});
