/** Servers that misbehave, each in its own way, are caught under the right kind of failure. */
import assert from "node:assert/strict";
import type { ClientEngine } from "../../../bench/load/engine.ts";
import { eachEngine } from "../../support/client_engines.ts";
import { type AddressInfo, createServer } from "node:net";
import { type EchoOutcome, runEcho } from "../../../bench/echo/echo.ts";
import type { EchoPlan } from "../../../bench/echo/plan.ts";
import type { EchoFailures } from "../../../bench/result.ts";
import {
  answering,
  echo,
  gate,
  type Handler,
  readAll,
  readFully,
  startNone,
  startServer,
  writeAll,
} from "../../support/echo_servers.ts";

const SIZE = 64;

function planFor(engine: ClientEngine, port: number, changed: Partial<EchoPlan> = {}): EchoPlan {
  return {
    target: { hostname: "127.0.0.1", port },
    threads: 4,
    rounds: 2,
    warmupRounds: 0,
    messages: 1,
    sizeBytes: SIZE,
    thinkMs: 0,
    ratePerSecond: null,
    timeoutMs: 5000,
    engine,
    workers: 1,
    ...changed,
  };
}

async function runAgainst(
  engine: ClientEngine,
  handler: Handler,
  changed?: Partial<EchoPlan>,
): Promise<EchoOutcome> {
  await using server = startServer(handler);
  return await runEcho(planFor(engine, server.port, changed));
}

/** All echoes of `outcome` failed, as `kind`. */
function assertAllFailed(outcome: EchoOutcome, kind: keyof EchoFailures): void {
  const none = { refused: 0, reset: 0, timeout: 0, mismatch: 0, short: 0, closed: 0 };
  assert.deepEqual(outcome.tallies.failures, { ...none, [kind]: 8 });
  assert.equal(outcome.tallies.ok, 0);
  assert.equal(outcome.echoUs.count, 0);
  assert.equal(outcome.aborted, null);
}

interface BadServer {
  name: string;
  kind: keyof EchoFailures;
  handler: Handler;
  timeoutMs?: number;
  /** What the explanation of the first mismatch says. */
  explanation?: RegExp;
}

const BAD_SERVERS: BadServer[] = [
  {
    name: "drops a byte within the echo",
    kind: "mismatch",
    handler: answering(SIZE, (message) => Uint8Array.from([...message].toSpliced(40, 1))),
    explanation: /byte 4\d of 64 differs/,
  },
  {
    name: "drops the last byte and waits",
    kind: "timeout",
    handler: answering(SIZE, (message) => message.subarray(0, SIZE - 1)),
    timeoutMs: 200,
  },
  {
    name: "drops the last byte and closes",
    kind: "short",
    handler: async (conn) => {
      await writeAll(conn, (await readFully(conn, SIZE)).subarray(0, SIZE - 1));
    },
  },
  {
    name: "pads the echo",
    kind: "mismatch",
    handler: answering(SIZE, (message) => Uint8Array.from([...message, 0])),
    explanation: /more than the 64 bytes sent came back/,
  },
  {
    name: "pads the echo after the client's FIN",
    kind: "mismatch",
    handler: async (conn) => {
      await echo(conn, 0);
      await writeAll(conn, new Uint8Array(1));
    },
    explanation: /more than the 64 bytes sent came back/,
  },
  {
    name: "reorders bytes",
    kind: "mismatch",
    handler: answering(
      SIZE,
      (message) => Uint8Array.from([...message.subarray(0, 40), ...message.subarray(40).reverse()]),
    ),
  },
  {
    name: "corrupts a bit",
    kind: "mismatch",
    handler: answering(SIZE, (message) => message.with(63, message[63] ^ 1)),
    explanation: /byte 63 of 64 differs/,
  },
  {
    name: "delays the echo beyond the timeout",
    kind: "timeout",
    handler: readAll,
    timeoutMs: 200,
  },
  {
    name: "closes before the echo",
    kind: "closed",
    handler: async (conn) => {
      await readFully(conn, SIZE);
    },
  },
];

for (const { name, kind, handler, timeoutMs, explanation } of BAD_SERVERS) {
  eachEngine(`runEcho(): a server that ${name} fails as ${kind}`, async (engine) => {
    const outcome = await runAgainst(engine, handler, timeoutMs ? { timeoutMs } : {});
    assertAllFailed(outcome, kind);
    if (explanation) assert.match(outcome.mismatch!, explanation);
    else if (kind !== "mismatch") assert.equal(outcome.mismatch, null);
  });
}

eachEngine("runEcho(): a server that resets the connection fails as reset", async (engine) => {
  // Deno.Conn.close() sends a FIN first; only Node's sockets can send nothing but a RST.
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.resetAndDestroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const outcome = await runEcho(planFor(engine, port));
  await new Promise((resolve) => server.close(resolve));
  assertAllFailed(outcome, "reset");
});

eachEngine(
  "runEcho(): a server that swaps the messages of two clients is told on",
  async (engine) => {
    const both = gate(2);
    const messages: Uint8Array[] = [];
    const outcome = await runAgainst(engine, async (conn, index) => {
      messages[index] = await readFully(conn, SIZE);
      await both();
      await writeAll(conn, messages[1 - index]);
      await readAll(conn);
    }, { threads: 2, rounds: 1 });
    assert.equal(outcome.tallies.failures.mismatch, 2);
    assert.match(
      outcome.mismatch!,
      /^client (0, .* message 0 of client 1,|1, .* message 0 of client 0,) round 0 came instead$/,
    );
  },
);

eachEngine(
  "runEcho(): a server that swaps the messages of a connection is told on",
  async (engine) => {
    let first: Uint8Array;
    const handler = answering(SIZE, (message, number) => {
      if (number === 0) first = message;
      return number === 2 ? first : message;
    });
    const outcome = await runAgainst(engine, handler, { threads: 1, rounds: 1, messages: 5 });
    assert.equal(outcome.tallies.ok, 2);
    assert.equal(outcome.tallies.failures.mismatch, 1);
    assert.match(outcome.mismatch!, /message 2: message 0 of client 0, round 0 came instead/);
  },
);

eachEngine("runEcho(): a port where nobody listens is refused", async (engine) => {
  await using server = await startNone();
  assertAllFailed(await runEcho(planFor(engine, server.port)), "refused");
});

eachEngine("runEcho(): a connect that nobody completes times out", async (engine) => {
  // A full accept queue: the kernel answers no further SYN until somebody accepts.
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1 });
  const outcome = await runEcho(
    planFor(engine, listener.addr.port, { threads: 8, rounds: 1, timeoutMs: 300 }),
  );
  listener.close();
  const { failures, ok } = outcome.tallies;
  assert.equal(ok, 0);
  assert.equal(failures.timeout, 8);
  assert.ok(outcome.connectUs.count < 8, "some connects are among the timeouts");
});

eachEngine(
  "runEcho(): good echoes before a failure count, messages after it are not sent",
  async (engine) => {
    const handler = answering(SIZE, (message, number) => number === 3 ? message.slice(1) : message);
    const outcome = await runAgainst(engine, handler, { threads: 2, rounds: 3, messages: 10 });
    assert.equal(outcome.tallies.ok, 2 * 3 * 3);
    assert.equal(outcome.tallies.failures.mismatch, 2 * 3);
    assert.deepEqual(outcome.tallies.clients().map(({ failed }) => failed), [3, 3]);
  },
);

const UNREACHABLE: [path: string, why: RegExp][] = [
  [
    `${Deno.makeTempDirSync()}/nobody.sock`,
    /cannot exchange messages with unix:.*nobody\.sock: No such file/,
  ],
  [`/tmp/${"long".repeat(50)}.sock`, /SUN_LEN|takes 1 to 107 bytes/],
];

eachEngine("runEcho(): what the machine refuses ends the run with the reason", async (engine) => {
  for (const [path, why] of UNREACHABLE) {
    const outcome = await runEcho(planFor(engine, 0, { target: { path } }));
    assert.match(outcome.aborted!, why);
    assert.equal(outcome.tallies.attempted, 0);
  }
});
