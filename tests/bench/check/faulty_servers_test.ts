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
import { type Kind, KINDS, loadCases } from "../../../bench/check/suites.ts";
import { ServerSupervisor } from "../../../bench/check/supervisor.ts";
import type { Target } from "../../../bench/check/target.ts";
import { freePort } from "../../../system/address.ts";
import { whyNot } from "../../support/launch.ts";
import { type EchoFault, echoServer } from "./faulty/echo_server.ts";
import { type HttpFault, httpServer } from "./faulty/http_server.ts";

/** Longest wait for an answer that does not come; sound servers have {@link SOUND_MS}. */
const FAULTY_MS = 1000;
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
    ["closes-on-half-close", "half-close", ["stream/half-close", "bytes/length"]],
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
    ["closes-without-saying-so", "unannounced-close", ["persistence/ends", "persistence/reuse"]],
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
    ["leaks-descriptors", "leaks-descriptors", ["resources/descriptors/closed"]],
    ["ignores-sigterm", "ignores-sigterm", ["end/alone"]],
    ["exits-at-once-on-sigterm", "cuts-answers", ["end/in-flight", "end/open"]],
  ],
};

/** Servers whose CPU time or memory is judged. */
const ALONE: { echo: Row<EchoFault>[]; http: Row<HttpFault>[] } = {
  echo: [["leaks-memory", "leaks-memory", ["resources/memory/messages"]]],
  http: [["spins", "spins", ["resources/idle/alone"]]],
};

/** Servers in C: they show what a runtime does right by itself. */
const IN_C: Row<string>[] = [
  ["accepts-once-per-edge", "accept-once", ["concurrency/at-once"]],
  ["receives-once-per-edge", "small-buffer", ["bytes", "stream"]],
  ["receives-once-per-edge", "small-buffer", ["bytes/long/64k"]],
  ["receives-once-per-edge", "small-buffer", ["stream/half-close/long"]],
  ["receives-once-per-edge", "small-buffer", ["concurrency/long"]],
  ["crashes-on-nul", "dies", ["bytes/nul", "bytes/l*"]],
  ["sigpipe", "dies", ["robustness/reset", "robustness/gone"]],
  ["no-reuseaddr", "port-in-use", ["end/port"]],
];

/** In C, too, with a child for each connection. */
const FORKS: Row<string>[] = [
  ["leaves-zombies", "zombies", ["resources/zombies", "resources/threads"]],
];

const suites = { echo: await loadCases("echo"), http: await loadCases("http") };

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
  const cases = chosen(suites[kind], { level: "should", only, skip: [] });
  assert.ok(cases.length > 0);
  const parallel = await parallelOf(target);
  return await runCases(cases, target, { parallel, mostMs: 60_000 });
}

function assertFirst(judged: readonly Judged[], fault: string, cause: string): void {
  const found = foundCauses(judged);
  const shown = found.map(({ id, cases }) => `${id}: ${cases[0].id}: ${cases[0].why}`).join("\n");
  assert.equal(found[0]?.id, cause, `${fault}:\n${shown}`);
}

function assertSound(judged: readonly Judged[]): void {
  const bad = judged.filter(({ verdict }) => verdict !== "pass")
    .map(({ id, verdict, why }) => `${id}: ${verdict}: ${why}`);
  assert.deepEqual(bad, []);
}

/** Servers that are judged at the same time: each has a few clients, and all share two cores. */
const AT_ONCE = 6;

/** Does all of `work`, {@link AT_ONCE} at a time. */
async function together(work: readonly (() => Promise<void>)[]): Promise<void> {
  const queue = [...work];
  const lane = async () => {
    for (let one; (one = queue.shift()) !== undefined;) await one();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
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

/** A judgement of the server with `fault`, without one when it is empty. */
type Judging = (fault: string, only: string[], timeoutMs: number) => Promise<readonly Judged[]>;

/** Judges each row of a table. */
function faults(rows: readonly Row<string>[], judging: Judging) {
  return rows.map(([fault, cause, only]) => async () =>
    assertFirst(await judging(fault, only, FAULTY_MS), fault, cause)
  );
}

/** Judges the sound twin by all cases of a table. */
function twin(rows: readonly Row<string>[], judging: Judging, fault = "") {
  return async () => {
    const only = [...new Set(rows.flatMap(([, , only]) => only))];
    assertSound(await judging(fault, only, SOUND_MS));
  };
}

const here: Record<Kind, Judging> = {
  echo: (fault, ...rest) => judgeHere("echo", echoServer(fault as EchoFault), ...rest),
  http: (fault, ...rest) => judgeHere("http", httpServer(fault as HttpFault), ...rest),
};

const started = (kind: Kind): Judging => (fault, ...rest) => {
  const deno = `exec '${Deno.execPath()}' run -q -A --no-check`;
  return judgeStarted(kind, `${deno} ${path(`${kind}_server.ts`)} ${fault}`, ...rest);
};

for (const kind of KINDS) {
  Deno.test(`check ${kind}: names the cause first of what a server answers wrongly`, async () => {
    await together(faults(HERE[kind], here[kind]));
    await twin(HERE[kind], here[kind])();
  });

  Deno.test(`check ${kind}: names the cause first of what a process does wrongly`, async () => {
    const judging = started(kind);
    await together([...faults(STARTED[kind], judging), twin(STARTED[kind], judging)]);
    // One at a time: their CPU time is judged.
    for (const work of faults(ALONE[kind], judging)) await work();
    await twin(ALONE[kind], judging)();
  });
}

const noCompiler = whyNot(["cc", "--version"]);

Deno.test({
  name: "check echo: names the cause first of what a server in C does wrongly" +
    (noCompiler === undefined ? "" : ` (skipped: ${noCompiler})`),
  ignore: noCompiler !== undefined,
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      const program = `${folder}/server`;
      const args = ["-O1", "-Wall", "-Werror", "-o", program, path("echo_server.c")];
      const { success, stderr } = await new Deno.Command("cc", { args }).output();
      assert.ok(success, new TextDecoder().decode(stderr));
      const judging: Judging = (fault, ...rest) =>
        judgeStarted("echo", `${program} ${fault}`, ...rest);
      await together([
        ...faults([...IN_C, ...FORKS], judging),
        twin(IN_C, judging),
        twin(FORKS, judging, "forks"),
      ]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
