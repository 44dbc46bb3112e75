/** Echo runs against good servers: what is sent, when, and what is counted. */
import assert from "node:assert/strict";
import type { ClientEngine } from "../../../bench/load/engine.ts";
import { timed } from "../../support/attempts.ts";
import { eachEngine } from "../../support/client_engines.ts";
import { type EchoOptions, type EchoOutcome, runEcho } from "../../../bench/echo/echo.ts";
import { defaultWorkers, type EchoPlan } from "../../../bench/echo/plan.ts";
import { FIGURES, PERCENTILES, summarize } from "../../../bench/stats/summary.ts";
import { RESOLUTION_RATIO } from "../../../bench/stats/histogram.ts";
import {
  echo,
  gate,
  type Handler,
  readFully,
  startServer,
  writeAll,
} from "../../support/echo_servers.ts";

const SIZE = 64;

async function runAgainst(
  engine: ClientEngine,
  handler: Handler,
  changed: Partial<EchoPlan>,
  options?: EchoOptions,
): Promise<EchoOutcome> {
  await using server = startServer(handler);
  const outcome = await runEcho({
    target: { hostname: "127.0.0.1", port: server.port },
    threads: 1,
    rounds: 1,
    warmupRounds: 0,
    messages: 1,
    sizeBytes: SIZE,
    thinkMs: 0,
    ratePerSecond: null,
    timeoutMs: 10_000,
    engine,
    workers: 1,
    ...changed,
  }, options);
  assert.equal(outcome.aborted, null);
  return outcome;
}

/** An echo server that hands every message to `see`. */
function watching(sizeBytes: number, see: (text: string) => void | Promise<void>): Handler {
  return async (conn) => {
    for (;;) {
      const message = await readFully(conn, sizeBytes);
      if (message.length < sizeBytes) return;
      await see(new TextDecoder().decode(message));
      await writeAll(conn, message);
    }
  };
}

for (const workers of [1, 3]) {
  eachEngine(
    `runEcho(): all clients are connected at once, over ${workers} Workers`,
    async (engine) => {
      const all = gate(30);
      let rounds = 0;
      const outcome = await runAgainst(
        engine,
        // Nobody gets an echo before all have sent: without the barrier or in turns it would hang.
        watching(SIZE, (text) => {
          if (text.slice(16, 24) === "00000000") return all();
          rounds = Math.max(rounds, parseInt(text.slice(16, 24), 16));
        }),
        { threads: 30, rounds: 3, workers },
      );
      assert.equal(outcome.tallies.ok, 90);
      assert.equal(outcome.connectUs.count, 90);
      assert.equal(outcome.echoUs.count, 90);
      assert.equal(rounds, 2);
      assert.ok(outcome.seconds > 0);
    },
  );
}

eachEngine("runEcho(): every message of a run differs", async (engine) => {
  const seen: string[] = [];
  await runAgainst(engine, watching(SIZE, (text) => void seen.push(text)), {
    threads: 5,
    rounds: 4,
    messages: 3,
    workers: 2,
  });
  assert.equal(seen.length, 60);
  assert.equal(new Set(seen).size, 60);
});

eachEngine("runEcho(): a text is sent as it is", async (engine) => {
  const seen: string[] = [];
  const outcome = await runAgainst(engine, watching(5, (text) => void seen.push(text)), {
    threads: 3,
    text: new TextEncoder().encode("hello"),
  });
  assert.deepEqual(seen, ["hello", "hello", "hello"]);
  assert.equal(outcome.tallies.ok, 3);
});

for (const sizeBytes of [1, 16_385, 1_000_003]) {
  eachEngine(`runEcho(): messages of ${sizeBytes} bytes`, async (engine) => {
    const outcome = await runAgainst(engine, echo, {
      threads: 3,
      rounds: 2,
      messages: 2,
      sizeBytes,
    });
    assert.equal(outcome.tallies.ok, 12);
    assert.equal(outcome.tallies.attempted, 12);
  });
}

eachEngine(
  "runEcho(): percentiles are those of the samples, within the resolution",
  async (engine) => {
    const outcome = await runAgainst(engine, echo, {
      threads: 20,
      rounds: 5,
      messages: 20,
      workers: 2,
    }, {
      keepSamples: true,
    });
    const samples = [...outcome.tallies.samples()];
    assert.equal(samples.length, 2000);
    const echoes = samples.map((sample) => sample.echoUs!).sort((a, b) => a - b);
    const connects = samples.flatMap((sample) => sample.connectUs ?? []).sort((a, b) => a - b);
    assert.equal(connects.length, 100);
    for (
      const [exact, histogram] of [[echoes, outcome.echoUs], [connects, outcome.connectUs]] as const
    ) {
      const summary = summarize(histogram);
      assert.equal(summary.count, exact.length);
      for (const figure of FIGURES) {
        if (!(figure in PERCENTILES)) continue;
        const percentile = PERCENTILES[figure as keyof typeof PERCENTILES];
        const rank = Math.max(1, Math.round(percentile / 100 * exact.length));
        const error = Math.abs(summary[figure]! - exact[rank - 1]) / exact[rank - 1];
        assert.ok(
          error <= RESOLUTION_RATIO,
          `${figure}: ${summary[figure]} for ${exact[rank - 1]}`,
        );
      }
      const meanUs = exact.reduce((sum, us) => sum + us, 0) / exact.length;
      assert.ok(Math.abs(summary.mean! - meanUs) / meanUs <= RESOLUTION_RATIO);
    }
    const first = samples.filter(({ client }) => client === 7).map(({ echoUs }) => echoUs!);
    const meanUs = first.reduce((sum, us) => sum + us, 0) / first.length;
    assert.ok(Math.abs(outcome.tallies.clients()[7].meanUs! - meanUs) < 0.01);
  },
);

eachEngine(
  "runEcho(): samples are ordered, and a connect stands with the first message",
  async (engine) => {
    const outcome = await runAgainst(engine, echo, { threads: 2, rounds: 2, messages: 2 }, {
      keepSamples: true,
    });
    const samples = [...outcome.tallies.samples()];
    assert.deepEqual(
      samples.map(({ client, round, seq, connectUs, result }) =>
        [client, round, seq, connectUs !== null, result].join()
      ),
      ["0,0,0,true,ok", "0,0,1,false,ok", "0,1,0,true,ok", "0,1,1,false,ok"].concat(
        ["1,0,0,true,ok", "1,0,1,false,ok", "1,1,0,true,ok", "1,1,1,false,ok"],
      ),
    );
  },
);

eachEngine("runEcho(): a delayed echo is as late as it was delayed", async (engine) => {
  const outcome = await runAgainst(
    engine,
    watching(SIZE, () => new Promise((resolve) => setTimeout(resolve, 50))),
    { threads: 3, rounds: 2 },
  );
  assert.equal(outcome.tallies.ok, 6);
  assert.ok(outcome.echoUs.minUs >= 49_000, `${outcome.echoUs.minUs} µs`);
  assert.ok(outcome.connectUs.minUs < 49_000, "the connect is timed apart");
}, timed);

/** How many of 40 messages, 5 ms apart, are late after the server stalled for 150 ms once. */
async function lateAfterStall(engine: ClientEngine, ratePerSecond: number | null): Promise<number> {
  let count = 0;
  const outcome = await runAgainst(
    engine,
    watching(SIZE, () => {
      if (++count === 5) return new Promise((resolve) => setTimeout(resolve, 150));
    }),
    { messages: 40, ratePerSecond },
  );
  assert.equal(outcome.tallies.ok, 40);
  return 40 - outcome.echoUs.countUpTo(60_000);
}

eachEngine("runEcho(): the open loop counts from the intended start", async (engine) => {
  // 200 messages per second: the 30 that were due meanwhile waited too.
  assert.ok(await lateAfterStall(engine, 200) >= 15);
}, timed);

eachEngine("runEcho(): the closed loop shows a stall once", async (engine) => {
  assert.equal(await lateAfterStall(engine, null), 1);
}, timed);

eachEngine("runEcho(): the open loop keeps its rate", async (engine) => {
  const outcome = await runAgainst(engine, echo, {
    threads: 10,
    messages: 20,
    ratePerSecond: 400,
    workers: 2,
  });
  assert.equal(outcome.tallies.ok, 200);
  assert.ok(outcome.seconds >= 199 / 400, `${outcome.seconds} s`);
});

eachEngine("runEcho(): clients think between messages, not before the first", async (engine) => {
  const startMs = performance.now();
  const outcome = await runAgainst(engine, echo, { threads: 2, messages: 3, thinkMs: 40 });
  assert.ok(performance.now() - startMs >= 80);
  assert.ok(outcome.echoUs.percentileUs(50) < 40_000, "thinking is no latency");
}, timed);

eachEngine("runEcho(): warm-up rounds are run and not counted", async (engine) => {
  let messages = 0;
  const outcome = await runAgainst(engine, watching(SIZE, () => void messages++), {
    threads: 3,
    rounds: 2,
    warmupRounds: 4,
  });
  assert.equal(messages, 18);
  assert.equal(outcome.tallies.attempted, 6);
  assert.equal(outcome.echoUs.count, 6);
});

eachEngine("runEcho(): an interrupted run has what was counted so far", async (engine) => {
  const controller = new AbortController();
  const outcome = await runAgainst(
    engine,
    watching(SIZE, (text) => {
      if (text.slice(16, 24) === "00000003") controller.abort();
    }),
    { threads: 4, rounds: 1_000_000, workers: 2 },
    { signal: controller.signal },
  );
  const { ok, attempted } = outcome.tallies;
  assert.ok(ok >= 12 && ok < 4_000_000, `${ok}`);
  assert.equal(attempted, ok, "what was under way is not a failure");
  assert.equal(outcome.echoUs.count, ok);
});

eachEngine("runEcho(): reaches a Unix domain socket", async (engine) => {
  const path = `${Deno.makeTempDirSync()}/echo.sock`;
  const listener = Deno.listen({ transport: "unix", path });
  const serving = (async () => {
    for await (const conn of listener) {
      for (let i = 0; i < 2; i++) await writeAll(conn, await readFully(conn, SIZE));
      await conn.read(new Uint8Array(1));
      conn.close();
    }
  })();
  const outcome = await runAgainst(engine, echo, { target: { path }, threads: 3, messages: 2 });
  listener.close();
  await serving;
  assert.equal(outcome.tallies.ok, 6);
});

Deno.test("defaultWorkers()", () => {
  assert.deepEqual([1, 2, 4, 9].map((cores) => defaultWorkers(1000, cores)), [1, 1, 2, 4]);
  assert.equal(defaultWorkers(2, 16), 2);
});
