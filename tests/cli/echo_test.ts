/** `ktcp echo` over real sockets, as its clients see it. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFully, writeAll } from "../support/echo_servers.ts";
import { launchServer } from "../support/launch.ts";
import { peakResidentBytes } from "../../system/process_usage.ts";
import { randomBlocks, sha256 } from "../support/random_bytes.ts";

const MiB = 1 << 20;
const isLinux = Deno.build.os === "linux";

/** Sends `text` on a connection of its own. @returns what came back */
async function echoOnce(port: number, text: string): Promise<string> {
  using conn = await Deno.connect({ port });
  await writeAll(conn, new TextEncoder().encode(text));
  await conn.closeWrite();
  return await new Response(conn.readable).text();
}

/** Sends random bytes while it reads them back. @returns their hash as they came back */
async function echoRandom(conn: Deno.Conn, bytes: number): Promise<string> {
  const send = async () => {
    for (const block of randomBlocks(bytes)) await writeAll(conn, block);
    await conn.closeWrite();
  };
  const receive = async () => {
    const hash = createHash("sha256");
    const buffer = new Uint8Array(256 << 10);
    for (let count; (count = await conn.read(buffer)) !== null;) {
      hash.update(buffer.subarray(0, count));
    }
    return hash.digest("hex");
  };
  const [, hash] = await Promise.all([send(), receive()]);
  return hash;
}

Deno.test("ktcp echo sends every byte value back, NUL included", async () => {
  await using server = await launchServer(["echo", "--model", "single"]);
  using conn = await Deno.connect({ port: server.port });
  const message = Uint8Array.from({ length: 1024 }, (_, i) => i);
  await writeAll(conn, message);
  assert.deepEqual(await readFully(conn, message.length), message);
  await writeAll(conn, new Uint8Array(5));
  assert.deepEqual(await readFully(conn, 5), new Uint8Array(5));
});

Deno.test("ktcp echo sends all of it back behind the client's FIN, then closes", async () => {
  await using server = await launchServer(["echo", "--model", "single"]);
  using conn = await Deno.connect({ port: server.port });
  const hash = await echoRandom(conn, 300_001);
  assert.equal(hash, sha256(randomBlocks(300_001)));
});

Deno.test({
  name: "ktcp echo sends 64 MiB back while others connect, in bounded memory",
  ignore: !isLinux,
  async fn() {
    await using server = await launchServer(["echo"]);
    using conn = await Deno.connect({ port: server.port });
    await echoOnce(server.port, "warm");
    const before = peakResidentBytes(server.process.pid);
    let isDone = false;
    const large = echoRandom(conn, 64 * MiB).finally(() => isDone = true);
    let others = 0;
    while (!isDone) {
      assert.equal(await echoOnce(server.port, `client ${others}`), `client ${others}`);
      ++others;
    }
    assert.equal(await large, sha256(randomBlocks(64 * MiB)));
    assert.ok(others > 3, `${others} clients were served meanwhile`);
    const grownBytes = peakResidentBytes(server.process.pid) - before;
    assert.ok(grownBytes < 32 * MiB, `resident memory grew by ${grownBytes} bytes`);
    const { code, err } = await server.process.stop();
    assert.equal(code, 0);
    const [connections, bytes] = [others + 2, 64 * MiB];
    const summary = /(\d+) connections, \d+ pieces, (\d+) bytes in, (\d+) bytes out, .* 0 errors/;
    const [, served, bytesIn, bytesOut] = summary.exec(err)!.map(Number);
    assert.equal(served, connections);
    assert.ok(bytesIn === bytesOut && bytesIn > bytes && bytesIn < bytes + 100 * others);
  },
});

Deno.test({
  name: "ktcp echo does not read from a client that never reads, and its memory stays bounded",
  ignore: !isLinux,
  async fn() {
    await using server = await launchServer(["echo", "--model", "single"]);
    using conn = await Deno.connect({ port: server.port });
    await echoOnce(server.port, "warm");
    const before = peakResidentBytes(server.process.pid);
    // The kernel's buffers of both sides take some MiB; then a write waits.
    const mostBytes = 96 * MiB;
    const block = new Uint8Array(256 << 10);
    let sentBytes = 0;
    let pending: Promise<number> | undefined;
    while (sentBytes < mostBytes) {
      pending = conn.write(block);
      const isStuck = Symbol();
      let timer;
      const stuck = new Promise<symbol>((resolve) => timer = setTimeout(resolve, 400, isStuck));
      const count = await Promise.race([pending, stuck]);
      clearTimeout(timer);
      if (typeof count === "symbol") break;
      pending = undefined;
      sentBytes += count;
    }
    assert.ok(sentBytes < mostBytes, "the client's writes come to a stop");
    const grownBytes = peakResidentBytes(server.process.pid) - before;
    assert.ok(grownBytes < 16 * MiB, `resident memory grew by ${grownBytes} bytes`);
    assert.equal(await echoOnce(server.port, "others are served"), "others are served");
    // Once it reads, everything comes.
    const buffer = new Uint8Array(256 << 10);
    let receivedBytes = 0;
    while (receivedBytes < sentBytes) receivedBytes += (await conn.read(buffer))!;
    sentBytes += await pending!;
    while (receivedBytes < sentBytes) receivedBytes += (await conn.read(buffer))!;
    assert.equal(receivedBytes, sentBytes);
  },
});

Deno.test("ktcp echo --buffer 20 --verbose logs clients and how a message is split", async () => {
  await using server = await launchServer([
    "echo",
    "--buffer",
    "20",
    "--verbose",
    "--model",
    "single",
  ]);
  const { process, port } = server;
  const first = await Deno.connect({ port });
  await process.untilErr(/^connected: 127\.0\.0\.1, 1 clients\n/);
  const second = await Deno.connect({ port });
  await process.untilErr(/\nconnected: 127\.0\.0\.1, 2 clients\n/);
  const message = "exactly thirty-one bytes long..";
  assert.equal(message.length, 31);
  await writeAll(first, new TextEncoder().encode(message));
  assert.equal(new TextDecoder().decode(await readFully(first, 31)), message);
  await process.untilErr(/\n31 bytes -> 20 \+ 11\n/);
  await writeAll(second, new Uint8Array(20));
  await readFully(second, 20);
  second.close();
  await process.untilErr(/\ndisconnected: 127\.0\.0\.1, 1 clients\n/);
  first.close();
  await process.untilErr(/\ndisconnected: 127\.0\.0\.1, 0 clients\n/);
  const { code, out, err } = await process.stop();
  assert.equal(code, 0);
  assert.equal(out, `ktcp echo: listening on ${server.address}\n`);
  assert.equal(err.match(/ -> /g)?.length, 1, err);
  assert.match(err, /\nktcp echo: 2 connections, 3 pieces, 51 bytes in, 51 bytes out, .*\n$/);
});

Deno.test("ktcp echo --verbose counts the clients of all Workers", async () => {
  await using server = await launchServer(["echo", "--verbose", "--workers", "2"]);
  const conns: Deno.Conn[] = [];
  // The kernel spreads connections by a hash: among 12 both Workers have some, but for 1 in 2048.
  for (let i = 1; i <= 12; i++) {
    conns.push(await Deno.connect({ port: server.port }));
    await server.process.untilErr(new RegExp(`^connected: 127\\.0\\.0\\.1, ${i} clients\n`, "m"));
  }
  for (const conn of conns) conn.close();
  await server.process.untilErr(/^disconnected: 127\.0\.0\.1, 0 clients\n/m);
});

Deno.test("ktcp echo survives clients that reset their connections", async () => {
  await using server = await launchServer(["echo", "--model", "single"]);
  for (let i = 0; i < 20; i++) {
    const conn = await Deno.connect({ port: server.port });
    await writeAll(conn, new Uint8Array(100_000));
    // Closing with unread bytes in the socket makes the kernel send RST.
    conn.close();
  }
  assert.equal(await echoOnce(server.port, "still here"), "still here");
  const { code, err } = await server.process.stop();
  assert.equal(code, 0);
  assert.match(err, /^ktcp echo: 21 connections, /);
});
