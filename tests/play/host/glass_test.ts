/** Runs under the glass, on real servers of each engine. */
import assert from "node:assert/strict";
import { GlassError, runGlass, type StartTraced } from "../../../play/host/glass.ts";
import { fromBase64, toBase64 } from "../../../play/base64.ts";
import type { GlassStep, GlassTrace, ServerSetup, ServiceName } from "../../../play/protocol.ts";
import type { EngineName } from "../../../servers/net/engine_options.ts";
import { engineSupport, type LinuxEngine } from "../../../system/linux/engines.ts";
import { type LaunchedServer, launchServer } from "../../support/launch.ts";

const ENGINES: EngineName[] = ["deno", "epoll", "poll", "select", "io_uring"];

const SETUP: Omit<ServerSetup, "service" | "engine"> = {
  model: "single",
  workers: 1,
  maxActive: 1,
  bufferBytes: 10,
  backlog: 128,
  maxConnections: 100,
  workUs: 0,
  workKind: "compute",
  idleTimeoutMs: 0,
};

/** The servers of one engine: one process for all runs of a service. */
class Servers implements AsyncDisposable {
  readonly #engine: EngineName;
  readonly #servers = new Map<ServiceName, { launched: LaunchedServer; traces: number }>();

  constructor(engine: EngineName) {
    this.#engine = engine;
  }

  readonly start: StartTraced = async ({ service, model, bufferBytes }, onTrace) => {
    let server = this.#servers.get(service);
    if (server === undefined) {
      const args = ["--engine", this.#engine, "--model", model, "--trace"];
      if (service === "echo") args.push("--buffer", `${bufferBytes}`);
      server = { launched: await launchServer([service, ...args]), traces: 0 };
      this.#servers.set(service, server);
    }
    const { process, port } = server.launched;
    // The warm-up and the run itself.
    for (const _ of ["warm-up", "run"]) {
      const lines = `listening.*\\n${"\\{.*\\}\\n".repeat(server.traces++)}(\\{.*\\})\\n`;
      process.untilOut(new RegExp(lines)).then(([, line]) => onTrace(JSON.parse(line)));
    }
    return { port, stop: () => Promise.resolve() };
  };

  async run(service: ServiceName, ...parts: string[]): Promise<GlassTrace> {
    const setup = { ...SETUP, service, engine: this.#engine };
    const bytes = parts.map((part) => toBase64(new TextEncoder().encode(part)));
    const [trace] = await runGlass({ service, setups: [setup], parts: bytes }, this.start);
    assert.equal(trace.failure, undefined);
    return trace;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { launched } of this.#servers.values()) await launched[Symbol.asyncDispose]();
  }
}

const text = (base64: string) => String.fromCharCode(...fromBase64(base64));

/** `received 5`, `Send 10`: the steps of `kind` with their values. */
function told({ steps }: GlassTrace, kind: GlassStep["kind"]): string[] {
  return steps.filter((step) => step.kind === kind).map(({ name, value }) =>
    value === undefined ? name : `${name} ${value}`
  );
}

/** How often each call was made that did something: an edge-triggered epoll tries, and may be early. */
function calls({ steps }: GlassTrace): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind, name, error } of steps) {
    if (kind === "call" && error !== "EAGAIN") counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

/** The calls by which each engine waits. */
const WAITS: Record<LinuxEngine, string> = {
  epoll: "epoll_wait(2)",
  poll: "poll(2)",
  select: "select(2)",
  io_uring: "io_uring_enter(2)",
};

/** What the engine's calls have to be for `receives` receives and `sends` sends. */
function checkCalls(engine: EngineName, trace: GlassTrace, receives: number, sends: number): void {
  const counts = calls(trace);
  if (engine === "deno") return assert.deepEqual(counts, {}, "the runtime's calls are not seen");
  // As many waits as there were times to wait: before each part, and before the FIN.
  assert.ok(counts[WAITS[engine]] >= receives, JSON.stringify(counts));
  assert.equal(counts["close(2)"], 1);
  if (engine === "io_uring") {
    const operations = told(trace, "operation");
    assert.equal(counts["recv(2)"] ?? counts["send(2)"], undefined);
    assert.equal(operations.filter((name) => name.startsWith("recv done")).length, receives);
    assert.equal(operations.filter((name) => name === "ask: send").length, sends);
    return;
  }
  assert.equal(counts["accept4(2)"], 1);
  assert.equal(counts["recv(2)"], receives);
  assert.equal(counts["send(2)"], sends);
}

for (const engine of ENGINES) {
  const ignore = engine !== "deno" && !engineSupport(engine).isAvailable;

  Deno.test({ name: `runGlass() on ${engine}`, ignore }, async (t) => {
    await using servers = new Servers(engine);

    await t.step("an echo message is split into pieces, each sent whole", async () => {
      const trace = await servers.run("echo", "a message longer than 10", "bye");
      assert.equal(text(trace.received), "a message longer than 10bye");
      assert.deepEqual(told(trace, "event"), [
        "start",
        "received 24",
        "sent 10",
        "sent 10",
        "sent 4",
        "received 3",
        "sent 3",
        "received 0",
        "end",
      ]);
      assert.deepEqual(told(trace, "want"), [
        "Receive",
        "Send 10",
        "Send 10",
        "Send 4",
        "Receive",
        "Send 3",
        "Receive",
        "Close",
      ]);
      const blocks = trace.steps.flatMap(({ name, block }) => block ? [{ name, ...block }] : []);
      const sends = blocks.filter(({ name }) => name === "Send");
      assert.deepEqual(
        sends.map(({ input, consumed, output }) => [text(input), consumed, text(output)]),
        [
          ["a message longer than 10", 10, "a message "],
          ["a message longer than 10", 20, "longer tha"],
          ["a message longer than 10", 24, "n 10"],
          ["bye", 3, "bye"],
        ],
      );
      checkCalls(engine, trace, 3, 4);
    });

    await t.step("the parser stands where the last part has ended", async () => {
      const trace = await servers.run("http", "GET / HT", "TP/1.1\r\nHost: ", "a\r\n\r\n");
      assert.match(text(trace.received), /^HTTP\/1\.1 200 OK\r\n/);
      assert.deepEqual(told(trace, "event").map((told) => told.replace(/sent \d+/, "sent")), [
        "start",
        "received 8",
        "received 14",
        "received 5",
        "sent",
        "received 0",
        "end",
      ]);
      const receives = trace.steps.filter(({ name }) => name === "Receive");
      assert.deepEqual(
        receives.slice(1).map(({ block }) => {
          const { input, consumed, scanned, phase, parser } = block!;
          return [text(input), consumed, scanned, phase, parser];
        }),
        [
          ["GET / HT", 0, 8, "head", "first line"],
          ["GET / HTTP/1.1\r\nHost: ", 16, 22, "head", "fields"],
          ["GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27, 27, "idle", "start"],
        ],
      );
      const send = trace.steps.find(({ name }) => name === "Send")!;
      assert.equal(send.value, fromBase64(trace.received).length);
      assert.equal(send.block!.output, trace.received);
      checkCalls(engine, trace, 4, 1);
    });

    await t.step("pipelined requests are answered by one send", async () => {
      const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
      const trace = await servers.run("http", get + get + get);
      assert.equal(text(trace.received).match(/HTTP\/1\.1 200/g)?.length, 3);
      assert.equal(told(trace, "want").filter((want) => want.startsWith("Send")).length, 1);
      checkCalls(engine, trace, 2, 1);
    });

    await t.step("a refused request is answered, then the end of the connection", async () => {
      const trace = await servers.run("http", "GET / HTTP/1.1\r\nHost : a\r\n\r\n");
      assert.match(text(trace.received), /^HTTP\/1\.1 400 /);
      const wants = told(trace, "want").map((want) => want.replace(/ \d+/, ""));
      assert.deepEqual(wants, ["Receive", "Send", "FinishWrite", "Receive", "Close"]);
      const last = trace.steps.findLast(({ block }) => block !== undefined)!.block!;
      assert.deepEqual([last.phase, last.parser], ["closed", "failed"]);
      if (engine !== "deno") assert.equal(calls(trace)["shutdown(2)"], 1);
    });

    await t.step("times do not go backwards", async () => {
      const { steps } = await servers.run("echo", "x");
      const times = steps.map(({ atUs }) => atUs);
      assert.equal(times[0], 0);
      assert.deepEqual(times, times.toSorted((a, b) => a - b));
    });
  });
}

const never: StartTraced = () => Promise.reject(new Error("no such engine"));

Deno.test("runGlass() says for each set-up why there is no trace", async () => {
  const setup: ServerSetup = { ...SETUP, service: "echo", engine: "deno" };
  const [trace] = await runGlass(
    { service: "echo", setups: [setup], parts: [toBase64(new Uint8Array(1))] },
    never,
  );
  assert.deepEqual(trace, { setup, steps: [], received: "", failure: "no such engine" });
});

const REFUSED: [why: RegExp, setups: number, service: ServiceName, parts: string[]][] = [
  [/^0 set-ups/, 0, "echo", ["eA=="]],
  [/^6 set-ups/, 6, "echo", ["eA=="]],
  [/not of the service 'http'/, 1, "http", ["eA=="]],
  [/^0 parts/, 1, "echo", []],
  [/^65 parts/, 1, "echo", Array(65).fill("eA==")],
  [/empty/, 1, "echo", [""]],
  [/not base64/, 1, "echo", ["*"]],
  [/^16385 bytes/, 1, "echo", [toBase64(new Uint8Array(16_385))]],
];

for (const [why, count, service, parts] of REFUSED) {
  Deno.test(`runGlass() refuses what matches ${why}`, async () => {
    const setup: ServerSetup = { ...SETUP, service: "echo", engine: "deno" };
    const setups = Array<ServerSetup>(count).fill(setup);
    await assert.rejects(runGlass({ service, setups, parts }, never), (error) => {
      assert.ok(error instanceof GlassError);
      assert.match(error.message, why);
      return true;
    });
  });
}
