/** Twenty and more small servers with one fault each: the judge finds it and names it first. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";
import type { Judged } from "../../../bench/check/case.ts";
import { foundCauses } from "../../../bench/check/causes.ts";
import { ECHO } from "../../../bench/check/echo/protocol.ts";
import { httpProtocol } from "../../../bench/check/http/protocol.ts";
import { chosen } from "../../../bench/check/plan.ts";
import { parallelOf, runCases } from "../../../bench/check/run.ts";
import { type Kind, loadCases } from "../../../bench/check/suites.ts";
import { ServerSupervisor } from "../../../bench/check/supervisor.ts";
import type { Target } from "../../../bench/check/target.ts";
import { freePort } from "../../../system/address.ts";
import { whyNot } from "../../support/launch.ts";
import { type EchoFault, echoServer } from "./faulty/echo_server.ts";
import { type HttpFault, httpServer } from "./faulty/http_server.ts";

/** Longest wait for an answer that does not come; sound servers have {@link SOUND_MS}. */
const FAULTY_MS = 500;
const SOUND_MS = 2000;

/** What a server does wrong, the cause that has to be named first, and the cases that are judged. */
type Row<Fault> = [fault: Fault, cause: string, only: string[]];

const HERE: { echo: Row<EchoFault>[]; http: Row<HttpFault>[] } = {
  echo: [
    ["pads-to-512", "pads", ["bytes", "stream"]],
    ["strlen", "text-functions", ["bytes", "stream"]],
    ["drops-what-exceeds-the-buffer", "small-buffer", ["bytes", "stream"]],
    ["drops-when-the-socket-is-full", "partial-send", ["bytes/l*", "stream"]],
    ["waits-for-a-line", "waits-for-line", ["bytes", "stream"]],
    ["ends-after-one-message", "one-message", ["bytes/l*", "persistence/messages"]],
    ["greets", "greets", ["bytes/empty", "bytes/silent"]],
    ["closes-on-half-close", "half-close", ["stream/half-close/l*", "bytes/empty"]],
    ["stays-open-after-fin", "fin-ignored", ["bytes", "stream"]],
    ["shares-a-buffer", "crosses", ["stream/half-close/one", "concurrency/mixed"]],
    ["one-client-at-a-time", "serial", ["bytes", "concurrency/idle-client"]],
  ],
  http: [
    ["answers-early", "early", ["stream", "bytes/response"]],
    ["reads-a-request-from-one-recv", "split-request", ["stream", "bytes/response"]],
    ["drops-the-second-request", "drops-pipelined", ["stream", "bytes/response"]],
    ["closes-on-half-close", "half-close", ["stream", "bytes/response"]],
    ["announces-12-of-14-bytes", "wrong-length", ["stream", "bytes/response"]],
    ["no-date", "no-date", ["stream", "bytes/response"]],
    ["content-for-head", "head-content", ["stream", "bytes/response"]],
    ["closes-without-saying-so", "unannounced-close", ["persistence/*e*/*"]],
    ["waits-for-a-slow-client", "slow-client", ["concurrency/*client", "bytes/response/date"]],
  ],
};

/** Servers that are processes: their end, or what the kernel tells of them, is judged. */
const STARTED: { echo: Row<EchoFault>[]; http: Row<HttpFault>[] } = {
  echo: [
    ["ignores-backpressure", "not-read", ["robustness/not-reading"]],
  ],
  http: [
    ["dies-on-reset", "dies", ["robustness/reset"]],
    ["leaks-descriptors", "leaks-descriptors", ["resources/descriptors"]],
    ["ignores-sigterm", "ignores-sigterm", ["end/alone"]],
    ["exits-at-once-on-sigterm", "cuts-answers", ["end/in-flight", "end/open"]],
  ],
};

/** Servers in C: they show what a runtime does right by itself. */
const IN_C: Row<string>[] = [
  ["accepts-once-per-edge", "accept-once", ["concurrency/at-once"]],
  ["receives-once-per-edge", "small-buffer", ["bytes", "stream"]],
  ["crashes-on-nul", "dies", ["bytes/nul", "bytes/l*"]],
  ["sigpipe", "dies", ["robustness/reset"]],
  ["leaves-zombies", "zombies", ["resources/zombies", "resources/threads"]],
  ["no-reuseaddr", "port-in-use", ["end/port"]],
];

const path = (name: string) => new URL(`./faulty/${name}`, import.meta.url).pathname;

/** Judges what listens on `port`; the result is what was judged, and the parts that a reader sees first. */
async function judge(
  kind: Kind,
  port: number,
  only: readonly string[],
  more: Partial<Target> = {},
): Promise<readonly Judged[]> {
  const target: Target = {
    kind,
    name: `127.0.0.1:${port}`,
    address: { hostname: "127.0.0.1", port },
    protocol: kind === "echo"
      ? ECHO
      : httpProtocol({ authority: `127.0.0.1:${port}`, target: "/" }),
    timeoutMs: FAULTY_MS,
    signal: new AbortController().signal,
    ...more,
  };
  const cases = chosen(await loadCases(kind), { level: "should", only, skip: [] });
  assert.ok(cases.length > 0);
  const parallel = await parallelOf(target);
  return await runCases(cases, target, { parallel, mostMs: 60_000 });
}

function assertFirst(judged: readonly Judged[], fault: string, cause: string): void {
  const found = foundCauses(judged);
  const shown = found.map(({ id, cases }) => `${id}: ${cases[0].id}: ${cases[0].why}`).join("\n");
  assert.equal(found[0]?.id, cause, `${fault}:\n${shown}`);
}

function assertSound(judged: readonly Judged[], name: string): void {
  const bad = judged.filter(({ verdict }) => verdict !== "pass")
    .map(({ id, verdict, why }) => `${name}: ${id}: ${verdict}: ${why}`);
  assert.deepEqual(bad, []);
}

/** All cases that the faulty servers of a table are judged by. */
function union(rows: readonly Row<string>[]): string[] {
  return [...new Set(rows.flatMap(([, , only]) => only))];
}

async function judgeHere(kind: Kind, server: Server, only: string[], timeoutMs: number) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    return await judge(kind, (server.address() as AddressInfo).port, only, { timeoutMs });
  } finally {
    server.close();
  }
}

async function judgeStarted(kind: Kind, command: string, only: string[], timeoutMs: number) {
  const port = freePort();
  await using supervisor = await ServerSupervisor.start(command, { hostname: "127.0.0.1", port });
  return await judge(kind, port, only, {
    timeoutMs,
    supervisor,
    get process() {
      return supervisor.process;
    },
  });
}

Deno.test("check: finds the faults of servers that answer wrongly, and names their cause first", async () => {
  const { echo, http } = HERE;
  await Promise.all([
    ...echo.map(async ([fault, cause, only]) =>
      assertFirst(await judgeHere("echo", echoServer(fault), only, FAULTY_MS), fault, cause)
    ),
    ...http.map(async ([fault, cause, only]) =>
      assertFirst(await judgeHere("http", httpServer(fault), only, FAULTY_MS), fault, cause)
    ),
  ]);
});

Deno.test("check: their sound twins pass", async () => {
  const { echo, http } = HERE;
  assertSound(await judgeHere("echo", echoServer(), union(echo), SOUND_MS), "echo");
  assertSound(await judgeHere("http", httpServer(), union(http), SOUND_MS), "http");
});

Deno.test("check: finds the faults of processes, which their sound twins do not have", async () => {
  const commandOf = (kind: Kind, fault: string) =>
    `exec '${Deno.execPath()}' run -q -A --no-check ${path(`${kind}_server.ts`)} ${fault}`;
  await Promise.all((["echo", "http"] as const).flatMap((kind) => [
    ...STARTED[kind].map(async ([fault, cause, only]) =>
      assertFirst(
        await judgeStarted(kind, commandOf(kind, fault), only, FAULTY_MS),
        fault,
        cause,
      )
    ),
    judgeStarted(kind, commandOf(kind, ""), union(STARTED[kind]), SOUND_MS).then((judged) =>
      assertSound(judged, kind)
    ),
  ]));
  // Alone: these servers, and those above, take what CPU there is.
  const spinning = await judgeStarted(
    "http",
    commandOf("http", "spins"),
    ["resources/idle/alone"],
    FAULTY_MS,
  );
  assertFirst(spinning, "spins", "spins");
  const idle = await judgeStarted("http", commandOf("http", ""), ["resources/idle"], SOUND_MS);
  assertSound(idle, "http");
});

const noCompiler = whyNot(["cc", "--version"]);

Deno.test({
  name: "check: finds the faults of servers in C, which their sound twins do not have" +
    (noCompiler === undefined ? "" : ` (skipped: ${noCompiler})`),
  ignore: noCompiler !== undefined,
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      const program = `${folder}/server`;
      const args = ["-O1", "-Wall", "-Werror", "-o", program, path("echo_server.c")];
      const { success, stderr } = await new Deno.Command("cc", { args }).output();
      assert.ok(success, new TextDecoder().decode(stderr));
      await Promise.all([
        ...IN_C.map(async ([fault, cause, only]) =>
          assertFirst(
            await judgeStarted("echo", `${program} ${fault}`, only, FAULTY_MS),
            fault,
            cause,
          )
        ),
        judgeStarted("echo", program, union(IN_C.slice(0, 4)), SOUND_MS).then((judged) =>
          assertSound(judged, "C")
        ),
        judgeStarted("echo", `${program} forks`, union(IN_C.slice(4)), SOUND_MS).then((judged) =>
          assertSound(judged, "C with children")
        ),
      ]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
