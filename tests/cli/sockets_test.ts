import assert from "node:assert/strict";
import { explainRefusal } from "../../cli/sockets/refusal.ts";
import { SystemError } from "../../system/linux/libc.ts";
import { hasNetAdmin } from "../../system/sockets/capability.ts";
import {
  dumpPort,
  Loopback,
  testUnless,
  whyNoDrop,
  whyNoSockDiag,
} from "../system/sockets/connections.ts";
import { whyNot } from "../support/launch.ts";
import { runMain } from "../support/run_main.ts";
import { until } from "../support/until.ts";

const MAIN = new URL("../../cli/main.ts", import.meta.url).pathname;
const notLinux = Deno.build.os === "linux" ? undefined : "not Linux";
const noSockDiag = whyNoSockDiag();
const noDrop = await whyNoDrop();
const noSs = noSockDiag ?? whyNot(["ss", "-V"]);
/** A way to run without CAP_NET_ADMIN: nothing to do for a user, `setpriv` for root. */
const noUnprivileged = noSockDiag ??
  (hasNetAdmin() ? whyNot(["setpriv", "--bounding-set=-net_admin", "true"]) : undefined);

interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

async function run(program: string, args: string[], stdin = ""): Promise<Outcome> {
  const child = new Deno.Command(program, {
    args,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  // A usage error is found before standard input is read.
  await writer.write(new TextEncoder().encode(stdin)).catch(() => {});
  await writer.close().catch(() => {});
  const { code, stdout, stderr } = await child.output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

function sockets(args: string[], stdin?: string): Promise<Outcome> {
  return run(Deno.execPath(), ["run", "-A", MAIN, "sockets", ...args], stdin);
}

/** Runs ktcp without CAP_NET_ADMIN. */
function unprivileged(args: string[]): Promise<Outcome> {
  const command = [Deno.execPath(), "run", "-A", MAIN, "sockets", ...args];
  const [program, ...rest] = hasNetAdmin()
    ? ["setpriv", "--bounding-set=-net_admin", ...command]
    : command;
  return run(program, rest);
}

/** Exchanges `count` messages, each over a connection of its own that the client closes first. */
async function leaveTimeWait(loopback: Loopback, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await loopback.exchange();
  await until(() => dumpPort(loopback.port, ["fin-wait-2", "last-ack", "closing"]).length === 0);
}

/** The TIME-WAIT sockets of `port`, as lines of pairs. */
function timeWaitLines(port: number): string[] {
  return dumpPort(port, ["time-wait"]).map((socket) =>
    `${socket.localAddress}:${socket.localPort} ${socket.remoteAddress}:${socket.remotePort}`
  );
}

testUnless(notLinux, "ktcp sockets counts per state and per port", async () => {
  using loopback = new Loopback();
  await loopback.connect();
  const { code, stdout } = await sockets([]);
  assert.equal(code, 0);
  assert.match(stdout, /^state +sockets\n/);
  assert.match(stdout, /^total +\d+$/m);
  assert.match(stdout, /^local port +.*listening.* +total$/m);
});

testUnless(noSockDiag, "ktcp sockets --port counts or lists one service", async () => {
  using loopback = new Loopback();
  await loopback.connect();
  await leaveTimeWait(loopback, 3);
  const port = String(loopback.port);
  const counted = await sockets(["--port", port, "--count"]);
  assert.match(counted.stdout, /^time-wait +3$/m);
  assert.match(counted.stdout, /^established +2$/m);
  assert.match(counted.stdout, new RegExp(`^any, to ${port} .* 4$`, "m"));
  const listed = await sockets(["-p", port, "--state", "time-wait,listening"]);
  const lines = listed.stdout.trimEnd().split("\n");
  assert.match(lines[0], /^state +recv-q +send-q +local +remote$/);
  assert.equal(lines.filter((line) => line.startsWith("time-wait ")).length, 3);
  assert.equal(lines.length, 1 + 3 + 1);
});

testUnless(noSockDiag, "ktcp sockets --json prints one document", async () => {
  using loopback = new Loopback();
  await loopback.connect();
  const { code, stdout, stderr } = await sockets([
    "--json",
    "--port",
    String(loopback.port),
    "--state",
    "listening,time-wait",
  ]);
  assert.deepEqual([code, stderr], [0, ""]);
  const document = JSON.parse(stdout);
  assert.deepEqual(Object.keys(document), ["command", "version", "counts", "sockets"]);
  assert.equal(document.command, "sockets");
  assert.deepEqual(document.counts, { listening: 1, "time-wait": 0 });
  const [{ sendQ, inode, uid, ...listener }] = document.sockets;
  assert.deepEqual(listener, {
    family: "ipv4",
    local: `127.0.0.1:${loopback.port}`,
    remote: "0.0.0.0:*",
    state: "listening",
    recvQ: 0,
  });
  assert.ok(sendQ > 0 && inode > 0);
  assert.equal(uid, Deno.uid());
});

testUnless(noSs, "ktcp sockets --listen shows the queues that ss -ltn shows", async () => {
  using loopback = new Loopback();
  using _first = await Deno.connect({ port: loopback.port });
  using _second = await Deno.connect({ port: loopback.port });
  await until(() => dumpPort(loopback.port, ["listening"])[0].recvQ === 2);
  const ss = await run("ss", ["-Hltn", "sport", "=", `:${loopback.port}`]);
  const [, queue, backlog, local] = ss.stdout.split(/\s+/);
  const { stdout } = await sockets(["--listen", "--port", String(loopback.port)]);
  const [heading, line] = stdout.split("\n").map((text) => text.split(/\s+/));
  assert.deepEqual(heading.slice(0, 4), ["state", "queue", "backlog", "local"]);
  assert.deepEqual(line.slice(0, 4), ["listening", queue, backlog, local]);
  assert.equal(queue, "2");
});

testUnless(noSs, "ktcp sockets agrees with ss about a load run's TIME-WAIT sockets", async () => {
  using loopback = new Loopback();
  await leaveTimeWait(loopback, 1000);
  const ss = await run("ss", ["-Htan", "state", "time-wait", "dport", "=", `:${loopback.port}`]);
  const { stdout } = await sockets(["--json", "-s", "time-wait", "-p", String(loopback.port)]);
  const document = JSON.parse(stdout);
  assert.ok(document.counts["time-wait"] > 900);
  assert.equal(document.counts["time-wait"], document.sockets.length);
  const pairs = ss.stdout.trim().split("\n").map((line) => line.trim().split(/\s+/).slice(2, 4));
  assert.deepEqual(
    document.sockets.map(({ local, remote }: Record<string, string>) => `${local} ${remote}`)
      .sort(),
    pairs.map((pair) => pair.join(" ")).sort(),
  );
});

testUnless(noDrop, "ktcp sockets drop drops TIME-WAIT by port, and nothing else", async () => {
  using loopback = new Loopback();
  using other = new Loopback();
  const { client, server } = await other.connect();
  await leaveTimeWait(other, 2);
  await leaveTimeWait(loopback, 1000);
  const matched = timeWaitLines(loopback.port).length;
  const args = ["drop", "--json", "--state", "time-wait", "--port", String(loopback.port)];
  const { code, stdout } = await sockets(args);
  const { command, version: _, ...counts } = JSON.parse(stdout);
  assert.deepEqual([code, command], [0, "sockets drop"]);
  assert.deepEqual(counts, { matched, dropped: matched, notFound: 0, refused: 0, dryRun: false });
  assert.deepEqual(timeWaitLines(loopback.port), []);
  assert.equal(timeWaitLines(other.port).length, 2);
  await client.write(new Uint8Array([7]));
  assert.equal(await server.read(new Uint8Array(8)), 1);
});

testUnless(noDrop, "ktcp sockets drop drops pairs: quoted, as two words, and lines", async () => {
  using loopback = new Loopback();
  await leaveTimeWait(loopback, 5);
  const lines = timeWaitLines(loopback.port);
  assert.equal(lines.length, 5);
  const quoted = await sockets(["drop", lines[0]]);
  assert.deepEqual(quoted, {
    code: 0,
    stdout: "matched 1, dropped 1, not found 0, refused 0\n",
    stderr: "",
  });
  const words = await sockets(["drop", ...lines[1].split(" ")]);
  assert.deepEqual([words.code, words.stdout], [0, quoted.stdout]);
  const piped = await sockets(["drop"], `${lines.slice(2).join("\n\n")}\n${lines[0]}\n`);
  assert.equal(piped.stdout, "matched 3, dropped 3, not found 1, refused 0\n");
  assert.equal(piped.code, 1);
  assert.ok(piped.stderr.includes(`no connection ${lines[0]}`), piped.stderr);
  assert.deepEqual(timeWaitLines(loopback.port), []);
});

testUnless(
  noDrop,
  "ktcp sockets drop spares the listener of a connection that is gone",
  async () => {
    using loopback = new Loopback();
    const { code, stdout } = await sockets(["drop", `127.0.0.1:${loopback.port} 127.0.0.1:1`]);
    assert.deepEqual([code, stdout], [1, "matched 0, dropped 0, not found 1, refused 0\n"]);
    await loopback.connect();
  },
);

testUnless(noSockDiag, "ktcp sockets drop --dry-run drops nothing", async () => {
  using loopback = new Loopback();
  await leaveTimeWait(loopback, 3);
  const lines = timeWaitLines(loopback.port);
  const { code, stdout } = await sockets(["drop", "-n", "-p", String(loopback.port)]);
  assert.equal(code, 0);
  const summary = `\nmatched 3, dropped 0, not found 0, refused 0 (dry run)\n`;
  assert.ok(stdout.endsWith(summary), stdout);
  for (const line of lines) assert.ok(stdout.includes(line.split(" ")[0]));
  assert.deepEqual(timeWaitLines(loopback.port).sort(), lines.sort());
});

testUnless(noSockDiag, "ktcp sockets drop says when the ends of a pair are swapped", async () => {
  using loopback = new Loopback();
  await leaveTimeWait(loopback, 1);
  const [line] = timeWaitLines(loopback.port);
  const { code, stderr } = await sockets(["drop", "-n", ...line.split(" ").reverse()]);
  assert.equal(code, 1);
  assert.match(stderr, /other end of .* is here; write the local address first/);
});

testUnless(
  noUnprivileged,
  "without CAP_NET_ADMIN the list works, drop says what to run",
  async () => {
    using loopback = new Loopback();
    await leaveTimeWait(loopback, 3);
    const filter = ["--state", "time-wait", "--port", String(loopback.port)];
    const listed = await unprivileged(["--json", ...filter]);
    assert.equal(JSON.parse(listed.stdout).counts["time-wait"], 3);
    const { code, stdout, stderr } = await unprivileged(["drop", ...filter]);
    assert.deepEqual([code, stdout], [1, "matched 3, dropped 0, not found 0, refused 3\n"]);
    assert.equal(
      stderr,
      "ktcp sockets: drop: the kernel refused to drop 3 sockets without CAP_NET_ADMIN (EPERM); " +
        `run: sudo ktcp sockets drop ${filter.join(" ")}\n`,
    );
    const missing = await unprivileged(["drop", "127.0.0.1:1 127.0.0.1:2"]);
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /run: sudo ktcp sockets drop '127.0.0.1:1 127.0.0.1:2'$/m);
  },
);

Deno.test({
  name: "explainRefusal() names the kernel option that is missing",
  ignore: Deno.build.os !== "linux",
  fn() {
    const text = explainRefusal(new SystemError("SOCK_DESTROY", 95), 1);
    assert.match(text, /^the kernel refused to drop 1 socket \(EOPNOTSUPP\)/);
    assert.match(text, /CONFIG_INET_DIAG_DESTROY/);
  },
});

testUnless(notLinux, "ktcp sockets drop names malformed lines and drops nothing", async () => {
  const { code, stdout, stderr } = await sockets(
    ["drop"],
    "127.0.0.1:1 127.0.0.1:2\nhello\n\n127.0.0.1:99999 127.0.0.1:2\n",
  );
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(stderr, /line 2: 'hello'; line 4: '127\.0\.0\.1:99999 127\.0\.0\.1:2'/);
  assert.match(stderr, /nothing was dropped/);
});

testUnless(notLinux, "ktcp sockets refuses wrong options with exit code 2", async () => {
  const cases: [string[], RegExp][] = [
    [["--state", "foo"], /'foo' is no state; states: established/],
    [["--port", "0"], /--port <list>' argument '0' is invalid/],
    [["--port", "80,x"], /argument '80,x' is invalid/],
    [["--listen", "--state", "time-wait"], /--listen' cannot be used with/],
    [["--watch", "--json"], /cannot be used with option '--json'/],
    [["--watch", "5"], /argument '5' is invalid/],
    [["foo"], /foo/],
    [["drop", "127.0.0.1:80"], /'127.0.0.1:80' is not a pair of addresses/],
    [["drop", "127.0.0.1:1 127.0.0.1:2", "--port", "80"], /not both/],
    [["drop", "--state", "listening"], /only connections can be dropped/],
    [["drop", "--listen", "--port", "80"], /--listen does not go with drop/],
  ];
  for (const [args, message] of cases) {
    const { code, out, err } = await runMain(["sockets", ...args]);
    assert.deepEqual([code, out], [2, ""], args.join(" "));
    assert.match(err, message);
    assert.equal(err.trimEnd().split("\n").length, 2, err);
  }
});

testUnless(
  notLinux,
  "ktcp sockets --watch repeats the table, without control codes in a pipe",
  async () => {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", MAIN, "sockets", "--watch", "100ms"],
      stdout: "piped",
    }).spawn();
    let text = "";
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      if (text.split(/^\d\d:\d\d:\d\d$/m).length > 3) break;
    }
    child.kill("SIGKILL");
    await child.status;
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(text, /\x1b/);
  },
);

testUnless(notLinux, "ktcp sockets --explain explains TIME-WAIT", async () => {
  const { code, stdout } = await sockets(["--explain"]);
  assert.equal(code, 0);
  assert.match(stdout, /^TIME-WAIT on this machine: \d+ sockets? now\n/);
});

Deno.test("FFI is loaded by one file, and not before a command asks for it", async () => {
  const root = new URL("../../", import.meta.url);
  const users: string[] = [];
  const visit = async (directory: URL) => {
    for await (const entry of Deno.readDir(directory)) {
      const url = new URL(entry.name + (entry.isDirectory ? "/" : ""), directory);
      if (entry.isDirectory) await visit(url);
      else if (entry.name.endsWith(".ts") && (await Deno.readTextFile(url)).includes("dlopen(")) {
        users.push(url.href.slice(root.href.length));
      }
    }
  };
  for (const folder of ["cli", "servers", "bench", "system"]) {
    await visit(new URL(`${folder}/`, root));
  }
  assert.deepEqual(users, ["system/linux/libc.ts"]);
  const permissions = ["--no-prompt", "--allow-read", "--allow-env", "--deny-ffi"];
  const help = await run(Deno.execPath(), ["run", ...permissions, MAIN, "sockets", "--help"]);
  assert.deepEqual([help.code, help.stderr], [0, ""]);
});
