/** `ktcp lab` as a person runs it. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { InvalidArgumentError } from "commander";
import { Failure } from "../../cli/failure.ts";
import { parseStrace } from "../../cli/lab_strace.ts";
import { parseTarget, probeTarget } from "../../cli/lab_targets.ts";
import { parseSummary, startOwn } from "../../cli/lab_servers.ts";
import { countTimeWait, dropTimeWait } from "../../cli/lab_sockets.ts";
import { selfCommand } from "../../cli/self_command.ts";
import { hasNetAdmin } from "../../servers/sockets/capability.ts";
import { echo, readAll, startServer, writeAll } from "../support/echo_servers.ts";
import { validateHtml } from "../support/report_checks.ts";

const MAIN = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
const LABS = ["models", "unbound", "buffers", "backlog", "keepalive", "timeouts", "cost"];
/** Experiments stop servers by signals, and look into /proc. */
const isLinux = Deno.build.os === "linux";

interface Finished {
  code: number;
  out: string;
  err: string;
}

function spawn(args: string[], env: Record<string, string> = {}): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", MAIN, "lab", ...args],
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function finished(process: Deno.ChildProcess): Promise<Finished> {
  const { code, stdout, stderr } = await process.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

function lab(args: string, env: Record<string, string> = {}): Promise<Finished> {
  return finished(spawn(args.split(" ").filter(Boolean), env));
}

/** The running processes that were started, at whatever remove, with `marker` in their environment. */
function processesOf(marker: string): string[] {
  return [...Deno.readDirSync("/proc")].filter(({ name }) => /^\d+$/.test(name))
    .flatMap(({ name }) => {
      try {
        const environ = Deno.readTextFileSync(`/proc/${name}/environ`);
        const command = Deno.readTextFileSync(`/proc/${name}/cmdline`).replaceAll("\0", " ");
        // A process that has ended has no command line any more.
        return environ.includes(marker) && command !== "" ? [command] : [];
      } catch {
        return [];
      }
    });
}

/** Waits, for 20 s at most, until `condition` holds. */
async function until(condition: () => boolean): Promise<void> {
  const endMs = performance.now() + 20_000;
  while (!condition()) {
    assert.ok(performance.now() < endMs, "the condition did not come true");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

Deno.test("ktcp lab list: names and questions", async () => {
  const { code, out } = await lab("list");
  assert.equal(code, 0);
  const lines = out.trimEnd().split("\n");
  assert.deepEqual(lines.map((line) => line.split(" ")[0]), LABS);
  for (const line of lines) assert.match(line, /\?$/);
  const { labs } = JSON.parse((await lab("list --json")).out);
  assert.deepEqual(labs.map(({ lab }: { lab: string }) => lab), LABS);
});

Deno.test({
  name: "ktcp lab all --quick: every table is filled, nothing fails, the report is valid",
  ignore: !isLinux,
  fn: async () => {
    const folder = await Deno.makeTempDir();
    const marker = `KTCP_TEST=${crypto.randomUUID()}`;
    const [name, value] = marker.split("=");
    const { code, out, err } = await lab(
      `all --quick --rounds 1 --json --report ${folder}/report.html`,
      { [name]: value },
    );
    assert.equal(code, 0, err);
    const document = JSON.parse(out);
    assert.equal(document.command, "lab");
    assert.deepEqual(document.labs.map(({ lab }: { lab: string }) => lab), LABS);
    for (const { lab, variants, conclusion, environment } of document.labs) {
      assert.ok(variants.length >= 2, lab);
      for (const variant of variants) {
        assert.equal(variant.failed, 0, variant.name);
        assert.equal(variant.runs, 1, variant.name);
        assert.ok(Object.keys(variant.samples[0]).length >= 1, variant.name);
      }
      assert.match(conclusion, /\d/);
      assert.ok(environment.machine.cores >= 1 && environment.quick);
    }
    assert.deepEqual(processesOf(marker), []);
    assert.deepEqual(await validateHtml(await Deno.readTextFile(`${folder}/report.html`)), []);
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test({
  name: "ktcp lab: --target joins the comparison",
  ignore: !isLinux,
  fn: async () => {
    await using server = startServer(echo);
    const { code, out, err } = await lab(
      `unbound --quick --rounds 1 --json --target mine=localhost:${server.port}`,
    );
    assert.equal(code, 0, err);
    const mine = JSON.parse(out).variants.filter(({ label }: { label: string }) =>
      label === "mine"
    );
    assert.equal(mine.length, 3);
    assert.ok(mine.every((v: { messagesPerSecond: number }) => v.messagesPerSecond > 0));
  },
});

for (const [what, signals] of [["once", 1], ["twice", 2]] as const) {
  Deno.test({
    name: `ktcp lab: Ctrl-C ${what} ends it and its servers`,
    ignore: !isLinux,
    fn: async () => {
      const marker = `KTCP_TEST=${crypto.randomUUID()}`;
      const [name, value] = marker.split("=");
      const process = spawn(["keepalive", "--json"], { [name]: value });
      // Its server listens: a measurement is under way, or about to be.
      await until(() => processesOf(marker).some((command) => / http --host/.test(command)));
      process.kill("SIGINT");
      if (signals === 2) {
        // A second one within 200 ms would count as the same.
        await new Promise((resolve) => setTimeout(resolve, 250));
        try {
          process.kill("SIGINT");
        } catch {
          // The first one was enough already.
        }
      }
      const { code, out } = await finished(process);
      assert.equal(code, 130);
      if (signals === 1) assert.equal(JSON.parse(out).lab, "keepalive");
      await until(() => processesOf(marker).length === 0);
    },
  });
}

Deno.test("ktcp lab: a server that cannot be started is one line", async () => {
  const { code, out, err } = await lab("backlog --quick", { KTCP_EXECUTABLE: "/no/such/ktcp" });
  assert.equal(code, 1);
  assert.equal(out, "");
  assert.match(err, /^ktcp lab: Cannot start '\/no\/such\/ktcp' .*KTCP_EXECUTABLE/m);
  assert.ok(!/\n\s+at /.test(err));
});

const USAGE_ERRORS: [args: string, error: RegExp][] = [
  ["", /missing required argument/],
  ["nonsense", /'nonsense' is no lab; labs: list, all, models/],
  ["models --rounds 0", /--rounds.*'0'/],
  ["models --target nginx", /--target.*'nginx'.*name|--target.*'nginx'.*Write it like/],
  ["models --target a=127.0.0.1:0", /Write it like/],
];

for (const [args, error] of USAGE_ERRORS) {
  Deno.test(`ktcp lab ${args}: is a usage error`, async () => {
    const { code, out, err } = await lab(args);
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
  assert.match(err, /'mine' speaks echo, which 'backlog' does not compare; models, unbound do/);
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
  assert.equal((await probe(echoes.port)).protocol, "echo");
  const answer = new TextEncoder().encode("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  await using http = startServer((conn) => writeAll(conn, answer));
  assert.equal((await probe(http.port)).protocol, "http");
  await using other = startServer((conn) => writeAll(conn, new TextEncoder().encode("220 hi\r\n")));
  await assert.rejects(probe(other.port), Failure);
  const gone = startServer(echo);
  await gone[Symbol.asyncDispose]();
  await assert.rejects(
    probe(gone.port),
    /Cannot use --target 't=127\.0\.0\.1:\d+'.*start the server/,
  );
});

Deno.test({
  name: "startOwn(): a server leaves no TIME-WAIT behind where sockets may be dropped",
  ignore: !isLinux || !hasNetAdmin(),
  fn: async () => {
    const server = await startOwn("http", ["--model", "single"]);
    const request = new TextEncoder().encode("GET / HTTP/1.0\r\n\r\n");
    for (let i = 0; i < 5; i++) {
      using conn = await Deno.connect({ hostname: server.hostname, port: server.port });
      await writeAll(conn, request);
      await readAll(conn);
    }
    await until(() => countTimeWait(server.port) === 5);
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

Deno.test("selfCommand(): starts ktcp; KTCP_EXECUTABLE wins", async () => {
  const { path, args } = selfCommand();
  const { stdout } = await new Deno.Command(path, { args: [...args, "--version"] }).output();
  assert.match(new TextDecoder().decode(stdout), /\d+\.\d+\.\d+/);
  const before = Deno.env.get("KTCP_EXECUTABLE");
  Deno.env.set("KTCP_EXECUTABLE", "/opt/ktcp");
  try {
    assert.deepEqual(selfCommand(), { path: "/opt/ktcp", args: [] });
  } finally {
    if (before === undefined) Deno.env.delete("KTCP_EXECUTABLE");
    else Deno.env.set("KTCP_EXECUTABLE", before);
  }
});
