/** Files that are sent by sendfile(2): whole, in ranges, cut off, and to peers that go away. */
import assert from "node:assert/strict";
import { connect as connectNode } from "node:net";
import { engineSupport } from "../../../../../system/linux/engines.ts";
import {
  DEFAULT_LIMITS,
  type EngineOptions,
  type Model,
  serve,
  sumCounters,
} from "../../../../../servers/mod.ts";
import { connect, writeAll } from "../../../../../tools/soak/client.ts";
import { until } from "../../../../support/until.ts";

const BYTES = 8 << 20;

const SETUPS: [Model, EngineOptions][] = [
  ["single", { name: "select", trigger: "level" }],
  ["single", { name: "poll", trigger: "level" }],
  ["single", { name: "epoll", trigger: "level" }],
  ["single", { name: "epoll", trigger: "edge" }],
  ["single", { name: "io_uring", trigger: "level" }],
  ["shared-pool", { name: "epoll", trigger: "edge" }],
];

function content(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => i * 31 + (i >> 8) + (i >> 16));
}

/** Says where bytes differ; to print millions of them would take more memory than there is. */
function assertSame(actual: Uint8Array, expected: Uint8Array): void {
  const at = expected.findIndex((byte, i) => byte !== actual[i]);
  assert.deepEqual([actual.length, at], [expected.length, -1]);
}

async function get(port: number, headers: HeadersInit = {}): Promise<Uint8Array> {
  const response = await fetch(`http://127.0.0.1:${port}/large.bin`, { headers });
  return await response.bytes();
}

/** Requests the file, waits for its first bytes, and resets the connection. */
async function resetAmid(port: number): Promise<void> {
  const socket = connectNode(port, "127.0.0.1");
  socket.write("GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n");
  await new Promise((resolve) => socket.once("readable", resolve));
  socket.resetAndDestroy();
}

for (const [model, engine] of SETUPS) {
  const { reason } = engineSupport(engine.name as Exclude<EngineOptions["name"], "deno">);
  const label = engine.trigger === "edge" ? `${engine.name}, edge-triggered` : engine.name;
  Deno.test({
    name: `sendfile, ${model}, ${label}: whole files, ranges, peers that go, files that shrink${
      reason === undefined ? "" : ` (not here: ${reason})`
    }`,
    ignore: reason !== undefined,
    async fn() {
      const root = Deno.makeTempDirSync({ prefix: "ktcp-sendfile-" });
      const file = `${root}/large.bin`;
      const bytes = content(BYTES);
      Deno.writeFileSync(file, bytes);
      const server = await serve({
        model,
        engine,
        service: { kind: "http", content: "dir", directory: { root }, limits: DEFAULT_LIMITS },
      });
      const counters = async () =>
        sumCounters((await server.observe()).threads.flatMap(({ counters }) => counters ?? []));
      try {
        await Promise.all(Array.from({ length: 4 }, async () => {
          assertSame(await get(server.port), bytes);
        }));
        const range = await get(server.port, { Range: "bytes=1000-5000000" });
        assertSame(range, bytes.subarray(1000, 5_000_001));
        for (let i = 0; i < 5; i++) await resetAmid(server.port);
        await until(async () => (await counters()).resets === 5, "the resets are counted");
        // The client reads nothing until the file has shrunk.
        using conn = await connect(server.port);
        const before = await counters();
        await writeAll(
          conn,
          new TextEncoder().encode("GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n"),
        );
        await until(async () => (await counters()).bytesOut > before.bytesOut, "it is being sent");
        Deno.truncateSync(file, 1 << 20);
        let received = 0;
        const buffer = new Uint8Array(1 << 18);
        for (let count; (count = await conn.read(buffer)) !== null;) received += count;
        assert.ok(received < BYTES, `${received} bytes`);
        // Nobody else notices.
        assertSame(await get(server.port), bytes.subarray(0, 1 << 20));
      } finally {
        assert.equal(await server.stop(2000), 0);
        Deno.removeSync(root, { recursive: true });
      }
    },
  });
}
