/** Servers whose stderr nobody reads, or that cannot be written. */
import assert from "node:assert/strict";
import { connect, readResponse, writeAll } from "../../tools/soak/client.ts";
import { FEWEST_SETUPS, forEachSetup, setupArgs } from "../support/setups.ts";

const MAIN = new URL("../../cli/main.ts", import.meta.url).pathname;

/** A server in a process of its own, with stderr as the test wants it. */
class Server implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #watchdog: ReturnType<typeof setTimeout>;
  port = 0;

  /** @param redirect a shell's, as `2>/dev/full`; without it stderr is a pipe */
  constructor(args: readonly string[], redirect = "") {
    this.#child = new Deno.Command("sh", {
      args: ["-c", `exec "$0" "$@" ${redirect}`, Deno.execPath(), "run", "-A", MAIN, ...args],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#watchdog = setTimeout(() => this.#child.kill("SIGKILL"), 30_000);
  }

  async untilReady(): Promise<void> {
    const reader = this.#child.stdout.getReader();
    const { value } = await reader.read();
    this.port = Number(/:(\d+)\n$/.exec(new TextDecoder().decode(value))?.[1]);
    assert.ok(this.port > 0);
    await reader.cancel();
  }

  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  async ended(): Promise<{ code: number; ms: number }> {
    const startMs = performance.now();
    const { code } = await this.#child.status;
    clearTimeout(this.#watchdog);
    return { code, ms: performance.now() - startMs };
  }

  /** All that it wrote to stderr. */
  async notes(): Promise<string> {
    return await new Response(this.#child.stderr).text();
  }

  /** Nobody reads stderr any more. */
  closeStderr(): Promise<void> {
    return this.#child.stderr.cancel();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.ended();
    if (!this.#child.stderr.locked) await this.closeStderr();
  }
}

const HTTP = ["http", "--port", "0", "--workers", "1"];
/** Requests that fill a pipe, and the buffer behind it, with their log. */
const BATCH = 100;
const BATCHES = 40;
const REQUEST = new TextEncoder().encode(
  `GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: ${"u".repeat(400)}\r\n\r\n`.repeat(BATCH),
);

/** Sends `batches` of requests on one connection, and waits for the answers. */
async function load(port: number, batches: number): Promise<void> {
  using conn = await connect(port);
  const buffer = new Uint8Array(65_536);
  let length = 0;
  {
    using probe = await connect(port);
    await writeAll(probe, new TextEncoder().encode("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    length = await readResponse(probe, new Uint8Array(1024));
  }
  for (let i = 0; i < batches; i++) {
    await writeAll(conn, REQUEST);
    for (let left = BATCH * length; left > 0;) {
      const count = await conn.read(buffer);
      assert.ok(count !== null, "the answers go on");
      left -= count;
    }
  }
}

forEachSetup(FEWEST_SETUPS, (setup) => {
  const { label } = setup;

  Deno.test(`${label}: with a log that nobody reads it serves, counts, and stops`, async () => {
    await using server = new Server([...HTTP, ...setupArgs(setup), "--log", "json", "--stats"]);
    await server.untilReady();
    await load(server.port, BATCHES);
    server.kill("SIGUSR2");
    await load(server.port, 1);
    server.kill("SIGTERM");
    const { code, ms } = await server.ended();
    assert.equal(code, 0);
    assert.ok(ms < 8000, `${ms} ms`);
    // What the pipe holds are whole lines; only the write that was in flight may be cut.
    const lines = (await server.notes()).split("\n").slice(0, -1);
    assert.ok(lines.length > 10);
    for (const line of lines) assert.equal(JSON.parse(line).status, 200);
  });

  Deno.test(`${label}: a reader that comes back finds whole lines, and how many are missing`, async () => {
    await using server = new Server([...HTTP, ...setupArgs(setup), "--log", "json"]);
    await server.untilReady();
    await load(server.port, BATCHES);
    server.kill("SIGTERM");
    const notes = await server.notes();
    assert.equal((await server.ended()).code, 0);
    const lines = notes.trimEnd().split("\n");
    const summary = lines.pop()!;
    const served = Number(/ (\d+) requests/.exec(summary)?.[1]);
    const dropped = Number(/ errors, (\d+) log lines dropped$/.exec(summary)?.[1] ?? 0);
    const records = lines.filter((line) => line.startsWith("{"));
    for (const line of records) assert.equal(JSON.parse(line).status, 200);
    assert.equal(served, BATCH * BATCHES + 1, summary);
    assert.equal(records.length + dropped, served);
    assert.ok(dropped > 0, summary);
    const told = lines.filter((line) => !line.startsWith("{"));
    assert.deepEqual(told.map((line) => Number(line.split(" ")[0])), [dropped], told.join("\n"));
  });
});

// Lines are written by the main thread, whichever thread they come from: with Workers and without.
for (const args of [["--model", "per-core"], ["--model", "single"]]) {
  Deno.test(`${args[1]}: stderr on a full disk, or closed, changes nothing`, async () => {
    for (const redirect of ["2>/dev/full", "2>&-", ""]) {
      const more = ["--log", "common", "--stats"];
      await using server = new Server([...HTTP, ...args, ...more], redirect);
      await server.untilReady();
      if (redirect === "") await server.closeStderr();
      await load(server.port, 2);
      server.kill("SIGUSR2");
      await load(server.port, 1);
      server.kill("SIGTERM");
      const { code, ms } = await server.ended();
      assert.equal(code, 0, redirect);
      assert.ok(ms < 5000, `${ms} ms`);
    }
  });
}

Deno.test("ktcp echo --verbose: with a log that nobody reads it serves and stops", async () => {
  const args = ["echo", "--port", "0", "--workers", "1", "--buffer", "1", "--verbose"];
  await using server = new Server(args);
  await server.untilReady();
  const sent = new TextEncoder().encode("ab");
  for (let i = 0; i < 2000; i++) {
    using conn = await connect(server.port);
    await writeAll(conn, sent);
    for (let left = sent.length; left > 0;) left -= await conn.read(sent) ?? Infinity;
  }
  server.kill("SIGTERM");
  assert.equal((await server.ended()).code, 0);
});

Deno.test("--grace bounds the last lines too", async () => {
  const args = [...HTTP, "--model", "single", "--log", "json", "--grace", "100ms"];
  await using server = new Server(args);
  await server.untilReady();
  await load(server.port, BATCHES);
  server.kill("SIGTERM");
  const { code, ms } = await server.ended();
  assert.equal(code, 0);
  assert.ok(ms < 3000, `${ms} ms`);
});

Deno.test("stdout on a full disk: a plain error", async () => {
  for (const [args, name] of [[HTTP, "ktcp http"], [["doctor"], "ktcp doctor"]] as const) {
    await using command = new Server(args, ">/dev/full");
    const notes = await command.notes();
    assert.equal((await command.ended()).code, 1);
    assert.match(notes, new RegExp(`^${name}: cannot write to stdout: No space left .*\n$`));
  }
});
