/**
 * The life of a server process: its readiness line, the errors of binding, and its end.
 */
import assert from "node:assert/strict";
import { bindFailure, type BindTarget } from "../../cli/shared/bind_failure.ts";
import { serve } from "../../servers/mod.ts";
import { launchServer, type Outcome, run, whyNot } from "../support/launch.ts";
import { untilClosed } from "../support/server_progress.ts";
import { FEW_SETUPS, possible, setupArgs } from "../support/setups.ts";

/** Starts the server on this process' own event loop: the fastest one to be ready. */
const SINGLE = ["--model", "single"];

/** Sends `text` and reads what comes back, to the end or to `length` bytes. */
async function exchange(conn: Deno.Conn, text: string, length: number): Promise<string> {
  await conn.write(new TextEncoder().encode(text));
  let received = "";
  const buffer = new Uint8Array(4096);
  while (received.length < length) {
    const count = await conn.read(buffer);
    if (count === null) break;
    received += new TextDecoder().decode(buffer.subarray(0, count));
  }
  return received;
}

/** The error of a server that could not start: one line, no stack trace, exit code 1. */
function checkFailure({ code, out, err }: Outcome, expected: RegExp): void {
  assert.deepEqual([code, out], [1, ""], err);
  assert.match(err, expected);
  assert.equal(err.trimEnd().split("\n").length, 1, err);
}

for (const name of ["echo", "http"]) {
  Deno.test(`ktcp ${name} prints one line when it is ready and drains on SIGTERM`, async () => {
    await using server = await launchServer([name]);
    assert.equal(server.address, `127.0.0.1:${server.port}`);
    assert.ok(server.port > 0);
    using conn = await Deno.connect({ port: server.port });
    const sent = name === "echo" ? "hello" : "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    const received = await exchange(conn, sent, sent.length);
    assert.match(received, name === "echo" ? /^hello$/ : /^HTTP\/1\.1 200 OK\r\n/);
    const { code, out, err } = await server.process.stop("SIGTERM");
    assert.equal(code, 0, err);
    assert.equal(out, `ktcp ${name}: listening on ${server.address}\n`);
    const what = name === "echo" ? "pieces" : "requests";
    assert.match(
      err,
      new RegExp(
        `^ktcp ${name}: 1 connections, 1 ${what}, ${sent.length} bytes in, \\d{1,3} bytes out, ` +
          "0 timeouts, 0 errors\\n$",
      ),
    );
    assert.equal(await conn.read(new Uint8Array(1)), null, "an idle connection is closed at once");
  });
}

Deno.test("SIGINT lets a request in flight finish, and a second Ctrl-C within 200 ms is the same", async () => {
  await using server = await launchServer(["http", "--echo", ...SINGLE]);
  using idle = await Deno.connect({ port: server.port });
  using busy = await Deno.connect({ port: server.port });
  const head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nExpect: 100-continue\r\n\r\n";
  assert.match(await exchange(busy, head, 25), /^HTTP\/1\.1 100 Continue\r\n\r\n$/);
  server.process.signal("SIGINT");
  server.process.signal("SIGINT");
  assert.equal(await idle.read(new Uint8Array(1)), null);
  await untilClosed(server.port);
  const response = await exchange(busy, "abcdef", Infinity);
  assert.match(response, /^HTTP\/1\.1 200 OK\r\n.*Connection: close\r\n.*\r\n\r\nabcdef$/s);
  const { code, err } = await server.process.ended;
  assert.equal(code, 0, err);
  assert.match(err, /^ktcp http: 2 connections, 1 requests, .* 0 timeouts, 0 errors\n$/);
});

Deno.test("after --grace a request in flight is cut off and counted as an error", async () => {
  await using server = await launchServer(["http", "--grace", "50ms", ...SINGLE]);
  using conn = await Deno.connect({ port: server.port });
  const head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nExpect: 100-continue\r\n\r\n";
  assert.match(await exchange(conn, head, 25), /100 Continue/);
  const { code, err } = await server.process.stop("SIGTERM");
  assert.equal(code, 0, err);
  assert.match(err, /, 0 requests, .* 1 errors\n$/);
});

Deno.test("a second signal ends a draining server at once", async () => {
  await using server = await launchServer(["http", "--grace", "1h", ...SINGLE]);
  using conn = await Deno.connect({ port: server.port });
  const head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nExpect: 100-continue\r\n\r\n";
  assert.match(await exchange(conn, head, 25), /100 Continue/);
  server.process.signal("SIGINT");
  await untilClosed(server.port);
  // The first one that comes 200 ms behind the first signal counts.
  const again = setInterval(() => server.process.signal("SIGINT"), 50);
  const { code } = await server.process.ended;
  clearInterval(again);
  assert.equal(code, 1);
});

Deno.test("--host takes IPv6 with and without brackets, and shows it with them", async () => {
  for (const host of ["::1", "[::1]"]) {
    await using server = await launchServer(["echo", "--host", host, ...SINGLE]);
    assert.equal(server.address, `[::1]:${server.port}`);
    using conn = await Deno.connect({ hostname: "::1", port: server.port });
    assert.equal(await exchange(conn, "six", 3), "six");
  }
});

Deno.test("--unix listens on a socket file and removes it at the end", async () => {
  const folder = await Deno.makeTempDir({ prefix: "ktcp-unix-" });
  const path = `${folder}/echo.sock`;
  await using server = await launchServer(["echo", "--unix", path, ...SINGLE]);
  assert.equal(server.address, `unix:${path}`);
  using conn = await Deno.connect({ transport: "unix", path });
  assert.equal(await exchange(conn, "hello", 5), "hello");
  checkFailure(
    await run(["echo", "--unix", path]),
    /^ktcp echo: cannot listen on \S+echo\.sock: a server listens there; stop it or choose another/,
  );
  const { code } = await server.process.stop("SIGINT");
  assert.equal(code, 0);
  assert.deepEqual([...Deno.readDirSync(folder)], []);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("--unix takes the place of a socket file that a killed server left", async () => {
  const folder = await Deno.makeTempDir({ prefix: "ktcp-unix-" });
  const path = `${folder}/echo.sock`;
  const args = ["echo", "--unix", path, ...SINGLE];
  await (await launchServer(args)).process.stop("SIGKILL");
  assert.equal((await Deno.lstat(path)).isSocket, true);
  await using server = await launchServer(args);
  using conn = await Deno.connect({ transport: "unix", path });
  assert.equal(await exchange(conn, "again", 5), "again");
  await server.process.stop();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a port in use is named, with what to do", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  const hint = new RegExp(
    `^ktcp echo: cannot listen on 127\\.0\\.0\\.1:${port}: the address is in use; ` +
      "stop its server or choose another --port, or --port 0\\n$",
  );
  for (const model of ["per-core", "single"]) {
    checkFailure(await run(["echo", "--port", String(port), "--model", model]), hint);
  }
});

Deno.test("two servers cannot share a port, though the Workers of one do", async () => {
  await using first = await launchServer(["http"]);
  checkFailure(
    await run(["http", "--port", String(first.port), "--workers", "2"]),
    /the address is in use/,
  );
});

Deno.test("--unix works in every setup", async () => {
  const folder = await Deno.makeTempDir({ prefix: "ktcp-unix-" });
  for (const setup of possible(FEW_SETUPS)) {
    const { label } = setup;
    await using server = await launchServer(["echo", "--unix", "a.sock", ...setupArgs(setup)], {
      cwd: folder,
    });
    assert.equal(server.address, "unix:a.sock");
    using conn = await Deno.connect({ transport: "unix", path: `${folder}/a.sock` });
    assert.equal(await exchange(conn, label, label.length), label);
    conn.close();
    const { code, err } = await server.process.stop();
    assert.equal(code, 0, err);
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  }
  await Deno.remove(folder);
});

const NO_HOST = "x".repeat(64);

/** Where nobody can listen, and what the error says. The long name is not asked of a name server. */
const UNBINDABLE: [what: string, target: Partial<BindTarget>, error: RegExp][] = [
  ["a foreign address", { host: "192.0.2.1" }, /192\.0\.2\.1:0: no such address on this machine/],
  ["a foreign IPv6 address", { host: "2001:db8::1" }, /\[2001:db8::1\]:0: (no such|.*address)/],
  ["an unknown name", { host: NO_HOST }, /: no host is named 'x+'; choose a --host like 127/],
  ["a malformed name", { host: "a..b" }, /: no host is named 'a\.\.b'; choose a --host like 127/],
  ["no directory", { unix: "/no/such/dir/s" }, /: there is no such directory; create it or/],
  ["a long path", { unix: "/tmp/" + "x".repeat(120) }, /: the path is too long; at most 107 bytes/],
  ["a file", { unix: Deno.execPath() }, /: a file is there that is not a socket; choose another/],
];

for (const [what, partial, expected] of UNBINDABLE) {
  Deno.test(`bindFailure() explains ${what}`, async () => {
    const target = { host: "127.0.0.1", port: 0, ...partial };
    const service = { kind: "echo" as const, bufferBytes: 4096, verbose: false };
    const listen = { hostname: target.host, port: target.port, path: target.unix };
    await assert.rejects(serve({ listen, service }), (error) => {
      const { message } = bindFailure(error, target);
      assert.match(message, expected);
      assert.match(message, /^cannot listen on /);
      assert.doesNotMatch(message, /\n/);
      return true;
    });
  });
}

/** A way to be without a privilege: nothing to do for a user, `setpriv` for root. */
function without(capabilities: readonly string[]): { prefix: string[]; reason?: string } {
  if (Deno.build.os !== "linux") return { prefix: [], reason: "not Linux" };
  if (Deno.uid() !== 0) return { prefix: [] };
  const set = capabilities.map((name) => `-${name}`).join(",");
  const prefix = ["setpriv", `--bounding-set=${set}`];
  return { prefix, reason: whyNot([...prefix, "true"]) };
}

/** The first port that needs no privilege. */
function firstFreePort(): number {
  try {
    return Number(Deno.readTextFileSync("/proc/sys/net/ipv4/ip_unprivileged_port_start"));
  } catch {
    return 1024;
  }
}

const noBind = without(["net_bind_service"]);
const noBindReason = noBind.reason ??
  (firstFreePort() <= 1 ? "every port is free for all here" : undefined);

Deno.test({
  name: `ports below 1024 without the privilege: says what to do${suffix(noBindReason)}`,
  ignore: noBindReason !== undefined,
  async fn() {
    for (const model of ["per-core", "single"]) {
      checkFailure(
        await run(["http", "--port", "1", "--model", model], noBind),
        /^ktcp http: cannot listen on 127\.0\.0\.1:1: permission denied; .* --port from 1024 on\n$/,
      );
    }
  },
});

const noOverride = without(["dac_override", "dac_read_search"]);

Deno.test({
  name: `directories without permission: says what to do${suffix(noOverride.reason)}`,
  ignore: noOverride.reason !== undefined,
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "ktcp-locked-" });
    await Deno.chmod(folder, 0);
    const served = await run(["http", "--port", "0", "--dir", folder], noOverride);
    assert.deepEqual([served.code, served.out], [2, ""]);
    assert.match(served.err, /^ktcp http: option '--dir': no permission to read '\S+'\nTry/);
    checkFailure(
      await run(["echo", "--unix", `${folder}/s`, ...SINGLE], noOverride),
      /^ktcp echo: cannot listen on \S+\/s: permission denied; choose a directory you can write to/,
    );
    await Deno.remove(folder);
  },
});

function suffix(reason: string | undefined): string {
  return reason === undefined ? "" : ` (not here: ${reason})`;
}
