/** `ktcp lab` as a person runs it. */
import assert from "node:assert/strict";
import { InvalidArgumentError } from "commander";
import { Failure } from "../../cli/shared/failure.ts";
import { parseStrace } from "../../cli/lab/strace.ts";
import { parseTarget, probeTarget } from "../../cli/lab/targets.ts";
import { parseCalls, parseSummary } from "../../bench/processes/server.ts";
import { startOwn } from "../../cli/lab/servers.ts";
import { countTimeWait, dropTimeWait } from "../../system/sockets/port_sockets.ts";
import { selfCommand } from "../../cli/shared/self_command.ts";
import { hasNetAdmin } from "../../system/sockets/capability.ts";
import { echo, readAll, startNone, startServer, writeAll } from "../support/echo_servers.ts";
import { listeningSockets } from "../../system/sockets/listening_sockets.ts";
import { Marker } from "../support/marked_processes.ts";
import { Launched, launchServer, type Outcome, run } from "../support/launch.ts";
import { runMain } from "../support/run_main.ts";
import { until } from "../support/until.ts";

/** Experiments stop servers by signals, and look into /proc. */
const isLinux = Deno.build.os === "linux";

/** Runs `ktcp lab` with `args`, which are separated by spaces, in a process of its own. */
function lab(args: string, env: Record<string, string> = {}): Promise<Outcome> {
  return run(["lab", ...args.split(" ")], { env: { NO_COLOR: "1", ...env } });
}

Deno.test({
  name: "ktcp lab: --target joins the comparison",
  ignore: !isLinux,
  fn: async () => {
    // One read of it fetches a whole message, as of the servers beside it.
    await using server = await launchServer(["echo", "--buffer", "64k"]);
    const { code, out, err } = await lab(
      `unbound --quick --rounds 1 --json --target mine=localhost:${server.port}`,
    );
    assert.equal(code, 0, err);
    const mine = JSON.parse(out).variants.filter(({ label }: { label: string }) =>
      label === "mine"
    );
    assert.equal(mine.length, 2);
    for (const { messagesPerSecond, cpuUsPerMessage } of mine) {
      assert.ok(messagesPerSecond > 0 && cpuUsPerMessage > 0, "its process was found");
    }
    assert.match(JSON.parse(out).conclusion, /messages\/s with mine, 64 B, .* with no queue, 64 B/);
  },
});

for (const signals of [["SIGINT"], ["SIGTERM"], ["SIGINT", "SIGINT"], ["SIGTERM", "SIGHUP"]]) {
  Deno.test({
    name: `ktcp lab: ${signals.join(", then ")} ends it and its servers`,
    ignore: !isLinux,
    fn: async () => {
      const marker = new Marker();
      await using process = new Launched(["lab", "keepalive", "--json"], { env: marker.env });
      // Its server listens: a measurement is under way, or about to be.
      await until(() => marker.processes().some((command) => / http --host/.test(command)));
      const [first, second] = signals as Deno.Signal[];
      process.signal(first);
      if (second !== undefined) {
        // A second one within 200 ms would count as the same.
        await new Promise((resolve) => setTimeout(resolve, 250));
        process.signal(second);
      }
      const { code, out } = await process.ended;
      assert.equal(code, 130);
      if (second === undefined) assert.equal(JSON.parse(out).lab, "keepalive");
      await until(() => marker.processes().length === 0);
    },
  });
}

Deno.test({
  name: "ktcp lab: SIGKILL ends its servers as well, also one that is stopped",
  ignore: !isLinux,
  fn: async () => {
    const marker = new Marker();
    await using process = new Launched(["lab", "originals"], { env: marker.env });
    const servers = () => marker.pids().filter((pid) => pid !== process.pid);
    const listening = () => servers().filter((pid) => listeningSockets(pid).length > 0);
    await until(() => listening().length >= 2);
    Deno.kill(listening()[0], "SIGSTOP");
    process.signal("SIGKILL");
    await until(() => servers().length === 0);
  },
});

Deno.test("ktcp lab: KTCP_EXECUTABLE is what is started; when it cannot be, that is one line", async () => {
  const { code, out, err } = await lab("backlog --quick", { KTCP_EXECUTABLE: "/no/such/ktcp" });
  assert.equal(code, 1);
  assert.equal(out, "");
  assert.match(err, /^ktcp lab: Cannot start '\/no\/such\/ktcp' .*KTCP_EXECUTABLE/m);
  assert.ok(!/\n\s+at /.test(err));
});

const USAGE_ERRORS: [args: string, error: RegExp][] = [
  ["", /missing required argument/],
  ["nonsense", /'nonsense' is not a lab; labs: list, all, models/],
  ["models --rounds 0", /--rounds.*'0'/],
  ["models --target nginx", /--target.*'nginx'.*name|--target.*'nginx'.*Write it like/],
  ["models --target a=127.0.0.1:0", /Write it like/],
];

for (const [args, error] of USAGE_ERRORS) {
  Deno.test(`ktcp lab ${args}: is a usage error`, async () => {
    const { code, out, err } = await runMain(["lab", ...args.split(" ").filter(Boolean)]);
    assert.equal(code, 2);
    assert.equal(out, "");
    assert.match(err, error);
    assert.equal(err.trimEnd().split("\n").length, 2, "one line and a hint");
  });
}

Deno.test("ktcp lab: a target that the lab cannot compare is a usage error", async () => {
  await using server = startServer(echo);
  const { code, err } = await lab(`backlog --target mine=127.0.0.1:${server.port}`);
  assert.equal(code, 2);
  assert.match(
    err,
    /'mine' speaks echo, which 'backlog' does not compare; models, .*unbound, .*buffers, .*cost, .* do/,
  );
});

Deno.test("ktcp lab: a report into a folder that is missing fails before it measures", async () => {
  const { code, err } = await lab("backlog --report /no/such/folder/report.html");
  assert.equal(code, 1);
  assert.match(err, /^ktcp lab: Cannot write --report '\/no\/such\/folder\/report\.html'/);
});

Deno.test("parseTarget(): name, host and port", () => {
  assert.deepEqual(parseTarget("c server=localhost:80"), [
    { name: "c server", hostname: "localhost", port: 80 },
  ]);
  const two = parseTarget("b=[::1]:12345", parseTarget("a=127.0.0.1:1"));
  assert.deepEqual(two[1], { name: "b", hostname: "::1", port: 12345 });
  assert.throws(() => parseTarget("a=127.0.0.1:2", two), InvalidArgumentError);
  for (const text of ["x", "=h:1", "a=h", "a=h:", "a=h:70000", "a=::1:80", "a=http://h:80"]) {
    assert.throws(() => parseTarget(text), InvalidArgumentError, text);
  }
});

Deno.test("probeTarget(): tells echo and HTTP servers apart, and refuses others", async () => {
  const probe = (port: number) => probeTarget({ name: "t", hostname: "127.0.0.1", port });
  await using echoes = startServer(echo);
  const { protocol, padsTo, pids } = await probe(echoes.port);
  assert.deepEqual([protocol, padsTo], ["echo", null]);
  if (isLinux) assert.deepEqual(pids, [Deno.pid]);
  await using pads = startServer(async (conn) => {
    const buffer = new Uint8Array(512);
    while (await conn.read(buffer) !== null) await writeAll(conn, buffer);
  });
  assert.equal((await probe(pads.port)).padsTo, 512);
  const answer = new TextEncoder().encode("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  await using http = startServer((conn) => writeAll(conn, answer));
  assert.equal((await probe(http.port)).protocol, "http");
  await using other = startServer((conn) => writeAll(conn, new TextEncoder().encode("220 hi\r\n")));
  await assert.rejects(probe(other.port), Failure);
  await using none = await startNone();
  await assert.rejects(
    probe(none.port),
    /Cannot use --target 't=127\.0\.0\.1:\d+'.*start the server/,
  );
});

Deno.test({
  name: "startOwn(): a server leaves no TIME-WAIT behind where sockets may be dropped",
  ignore: !isLinux || !hasNetAdmin(),
  fn: async () => {
    const server = await startOwn("http", ["--model", "single"]);
    // The system may give a port again on which an earlier server left some.
    dropTimeWait(server.port);
    const before = countTimeWait(server.port)!;
    const request = new TextEncoder().encode("GET / HTTP/1.0\r\n\r\n");
    for (let i = 0; i < 5; i++) {
      using conn = await Deno.connect({ hostname: server.hostname, port: server.port });
      await writeAll(conn, request);
      await readAll(conn);
    }
    const waiting = () => countTimeWait(server.port)! - before;
    await until(() => waiting() === 5, () => `5 in TIME-WAIT, but ${waiting()}`);
    const summary = await server.stop();
    assert.deepEqual([summary?.connections, summary?.served], [5, 5]);
    const left = countTimeWait(server.port);
    // A kernel may be built without SOCK_DESTROY.
    if (dropTimeWait(server.port).refusal === null) assert.equal(left, 0);
  },
});

Deno.test("parseStrace(): calls by name, without the total", () => {
  const text = `% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 60.12    0.012345           6      2001           sendto
 39.88    0.008000           4      2010         9 recvfrom
------ ----------- ----------- --------- --------- ----------------
100.00    0.020345           5      4011         9 total
`;
  assert.deepEqual([...parseStrace(text)], [["sendto", 2001], ["recvfrom", 2010]]);
  assert.equal(parseStrace("").size, 0);
});

Deno.test("parseSummary(): what a server counted", () => {
  const line =
    "ktcp echo: 3 connections, 20 pieces, 400 bytes in, 399 bytes out, 0 timeouts, 0 errors";
  assert.deepEqual(parseSummary(`a note\n${line}\n`), {
    connections: 3,
    served: 20,
    bytesIn: 400,
    bytesOut: 399,
  });
  assert.equal(parseSummary("killed"), null);
});

Deno.test("parseCalls(): the column of a --stats table, over all threads", () => {
  const table = `thread     connections  bytes in  calls  waits  events/wait
loop/0               1       100      7      3         1.00
loop/1               -         -      -      -            -
loop/2               1       100      5      3         1.00
`;
  assert.equal(parseCalls(table), 12);
  assert.equal(parseCalls("thread  connections\nmain  1\n"), null);
});

Deno.test("selfCommand(): starts ktcp", async () => {
  const { path, args } = selfCommand();
  const { stdout } = await new Deno.Command(path, { args: [...args, "--version"] }).output();
  assert.match(new TextDecoder().decode(stdout), /\d+\.\d+\.\d+/);
});
