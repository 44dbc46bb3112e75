/** The life of a server process, from its readiness line to its summary. */
import assert from "node:assert/strict";
import { connect, readResponse, REQUEST, writeAll } from "../../tools/soak/client.ts";
import { launchServer } from "../support/launch.ts";
import { untilClosed, untilRead } from "../support/server_progress.ts";
import { ServerProcess } from "../../tools/soak/server_process.ts";
import { sleep } from "../../system/wait.ts";
import { blocksThread } from "../../servers/net/engine_options.ts";
import { FEW_SETUPS, forEachSetup, type Setup, setupArgs } from "../support/setups.ts";

const SUMMARY = /^ktcp (?:http|echo): \d+ connections, \d+ (?:requests|pieces), \d+ bytes in, /;

/** A thread's row of `--stats` after two requests on two connections. */
function rowOf({ model, engine }: Setup): RegExp {
  if (model === "per-core") return /^kworker\/1:0 +\d +\d /m;
  if (model === "shared-pool" && blocksThread(engine)) {
    return /^kworker\/u:0 +2 +2 .* \d+ +\d+ +\d+\.\d\d$/m;
  }
  if (model !== "single") return /^main +2 +2 [^]*^kworker\/u:0 .* +\d+ +\d+ +\d+ +0$/m;
  // With calls, waits, and events per wait.
  return blocksThread(engine) ? /^kworker\/0:0 +2 +2 .* \d+ +\d+ +\d+\.\d\d$/m : /^main +2 +2 /m;
}

async function request(port: number): Promise<void> {
  using conn = await connect(port);
  await writeAll(conn, REQUEST);
  await readResponse(conn, new Uint8Array(1024));
}

Deno.test("ktcp http: ends with 0 and a summary of one line, on each signal", async () => {
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    await using server = await ServerProcess.start(["http", "--port", "0", "--model", "single"]);
    await request(server.port);
    server.kill(signal);
    const { code, notes } = await server.ended();
    assert.equal(code, 0);
    const lines = notes.trim().split("\n").filter((line) => !line.startsWith("at most"));
    assert.equal(lines.length, 1, notes);
    assert.match(lines[0], SUMMARY);
    assert.match(lines[0], /1 connections, 1 requests, .* 0 timeouts, 0 errors$/);
  }
});

forEachSetup(FEW_SETUPS, (setup) => {
  const { label } = setup;

  Deno.test(`${label}: --stats prints a table on SIGUSR2 and at the end, which idle clients do not delay`, async () => {
    const more = ["--workers", "2", "--stats", "--grace", "60s"];
    await using server = await ServerProcess.start([
      "http",
      "--port",
      "0",
      ...setupArgs(setup),
      ...more,
    ]);
    const idle: Deno.Conn[] = [];
    for (let i = 0; i < 2; ++i) {
      const conn = await connect(server.port);
      idle.push(conn);
      await writeAll(conn, REQUEST);
      await readResponse(conn, new Uint8Array(1024));
      if (i === 0) server.kill("SIGUSR2");
    }
    await sleep(100);
    const { code, notes, ms } = await server.stop();
    assert.equal(code, 0, notes);
    assert.ok(ms < 5000, `${ms} ms`);
    assert.match(notes, /2 connections, 2 requests, .* 0 errors$/m);
    const tables = notes.split("\n").filter((line) => /^thread +connections +served/.test(line));
    assert.equal(tables.length, 2, notes);
    assert.match(notes, rowOf(setup));
    for (const conn of idle) conn.close();
  });

  Deno.test(`${label}: --grace bounds what is in progress, which counts as an error`, async () => {
    const args = ["http", "--port", "0", ...setupArgs(setup), "--grace", "300ms"];
    await using server = await ServerProcess.start(args);
    using conn = await connect(server.port);
    await writeAll(conn, REQUEST);
    await readResponse(conn, new Uint8Array(1024));
    await writeAll(conn, REQUEST.subarray(0, 9));
    await untilRead(conn);
    const { code, notes, ms } = await server.stop();
    assert.equal(code, 0, notes);
    assert.ok(ms >= 250 && ms < 5000, `${ms} ms`);
    assert.match(notes.trim(), / 1 errors$/);
  });
});

Deno.test({
  name: "SIGHUP drains, and is ignored by a server that nohup started",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    for (const prefix of [[], ["nohup"]]) {
      const args = ["http", "--model", "single", "--grace", "10s"];
      await using server = await launchServer(args, { prefix });
      using conn = await connect(server.port);
      await writeAll(conn, REQUEST.subarray(0, 9));
      await untilRead(conn);
      server.process.signal("SIGHUP");
      if (prefix.length === 0) await untilClosed(server.port);
      // What was in flight is answered; only the server that drains closes the connection then.
      await writeAll(conn, REQUEST.subarray(9));
      const buffer = new Uint8Array(1024);
      await readResponse(conn, buffer);
      if (prefix.length === 0) {
        assert.equal(await conn.read(buffer), null);
        assert.equal((await server.process.ended).code, 0);
      } else {
        await request(server.port);
        assert.equal((await server.process.stop()).code, 0);
      }
    }
  },
});

forEachSetup(FEW_SETUPS, (setup) => {
  const { label, model } = setup;

  Deno.test({
    name: `${label}: too few descriptors for one connection are an error that says what helps`,
    ignore: Deno.build.os !== "linux",
    fn: async () => {
      const args = ["http", "--port", "0", ...setupArgs(setup), "--workers", "2"];
      const limited = (openFiles: number) => ServerProcess.start(args, { openFiles });
      let needed = 0;
      // The runtime itself starts with so many.
      await assert.rejects(limited(28), ({ message }) => {
        const line = new RegExp(
          `ktcp http: cannot start: 'ulimit -n' is 28, and model ${model} needs at least (\\d+); ` +
            "raise it with '(.+)'\n$",
        ).exec(message);
        assert.ok(line, message);
        needed = Number(line[1]);
        // The hard limit is 28, too.
        assert.equal(line[2], `sudo prlimit --pid $$ --nofile=${needed}:${needed}`);
        return true;
      });
      await using server = await limited(needed);
      for (let i = 0; i < 3; ++i) await request(server.port);
      assert.equal((await server.stop()).code, 0);
    },
  });
});

Deno.test("a second signal ends the server at once; the same Ctrl-C twice does not", async () => {
  const args = ["http", "--port", "0", "--model", "single", "--grace", "30s"];
  await using server = await ServerProcess.start(args);
  using conn = await connect(server.port);
  await writeAll(conn, REQUEST.subarray(0, 9));
  await untilRead(conn);
  server.kill("SIGINT");
  server.kill("SIGINT");
  const ended = server.ended();
  await untilClosed(server.port);
  assert.equal(await Promise.race([ended, sleep(400).then(() => "drains")]), "drains");
  server.kill("SIGINT");
  const { code, ms } = await ended;
  assert.equal(code, 1);
  assert.ok(ms < 5000, `${ms} ms`);
});

Deno.test("a limit that is lowered is said in one line", async () => {
  const args = ["http", "--port", "0", "--model", "single", "--max-connections", "5000"];
  await using server = await ServerProcess.start(args, { openFiles: 200 });
  const { notes } = await server.stop();
  const note = /^at most (\d+) connections at once instead of 5000: 'ulimit -n' is 200; .*$/m;
  const most = Number(note.exec(notes)?.[1]);
  assert.ok(most > 100 && most < 200, notes);
});

Deno.test("--head-timeout and --body-timeout: 408 in time", async () => {
  const args = ["http", "--port", "0", "--model", "single"];
  const timeouts = ["--head-timeout", "200ms", "--body-timeout", "200ms"];
  await using server = await ServerProcess.start([...args, ...timeouts]);
  const post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nx";
  for (const text of ["GET", post]) {
    using conn = await connect(server.port);
    await writeAll(conn, new TextEncoder().encode(text));
    const buffer = new Uint8Array(1024);
    const count = await conn.read(buffer);
    assert.match(new TextDecoder().decode(buffer.subarray(0, count ?? 0)), /^HTTP\/1\.1 408 /);
  }
  assert.match((await server.stop()).notes, / 2 timeouts, 0 errors$/m);
});
