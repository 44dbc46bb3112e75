/** Latencies of the load client against delays that the server knows. */
import assert from "node:assert/strict";
import { eachLoad } from "../../support/client_engines.ts";
import { runHtstress } from "../../../bench/http/htstress.ts";
import { slack, timed } from "../../support/attempts.ts";
import { load, response, startCounting } from "../../support/http_load_servers.ts";
import { sleep } from "../../../system/wait.ts";

/** The sample of rank `percentile` (nearest rank) of `sorted`. */
function percentileOf(sorted: number[], percentile: number): number {
  // 99.9 / 100 * 1000 is a little more than 999.
  return sorted[Math.max(0, Math.ceil(percentile / 100 * sorted.length - 1e-9) - 1)];
}

/**
 * Delays in milliseconds: 90 % are evenly spread from 150 to 250, 8 % are 400, 2 % are 900, in a
 * fixed disorder. They are long because 5 % of them has to be more than what a busy machine adds,
 * and spread because clients in step would wait for each other.
 */
function delayMs(index: number): number {
  const rank = index * 37 % 100;
  return rank < 90 ? 150 + rank * 100 / 89 : rank < 98 ? 400 : 900;
}

for (const isKeepAlive of [true, false]) {
  const mode = isKeepAlive ? "keep-alive" : "close";
  const name = `runHtstress() measures a known distribution to 5 %, ${mode}`;
  eachLoad(name, async (load) => {
    // The server's timers are late now and then, so it notes what became of each delay.
    const actualMs: number[] = [];
    await using server = startCounting(async (_, index) => {
      const beginMs = performance.now();
      await sleep(delayMs(index));
      actualMs.push(performance.now() - beginMs);
      return { bytes: response("hi") };
    });
    const { histograms } = await runHtstress(
      load(server.url, { isKeepAlive, requests: 600, concurrency: 60 }),
    );
    actualMs.sort((a, b) => a - b);
    for (const percentile of [10, 50, 75, 95, 99, 99.9]) {
      const expectedUs = percentileOf(actualMs, percentile) * 1000;
      for (const name of ["latency", "ttfb"] as const) {
        const measuredUs = histograms[name].percentileUs(percentile);
        const ratio = measuredUs / expectedUs;
        assert.ok(
          ratio > 0.99 && ratio < 1 + 0.05 * slack(),
          `${name} p${percentile}: ${ratio}`,
        );
      }
    }
    assert.ok(histograms.latency.percentileUs(50) < 200_000 + 50_000 * slack());
    assert.ok(histograms.latency.percentileUs(99) > 895_000);
  }, timed);
}

eachLoad("runHtstress() tells the first byte from the last", async (load) => {
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => {
    const encoder = new TextEncoder();
    return new Response(
      new ReadableStream({
        async start(controller) {
          controller.enqueue(encoder.encode("hel"));
          await sleep(50);
          controller.enqueue(encoder.encode("lo"));
          controller.close();
        },
      }),
    );
  });
  const { run } = await runHtstress(
    load(`127.0.0.1:${server.addr.port}`, { isKeepAlive: true, requests: 20 }),
  );
  assert.equal(run.good, 20);
  assert.ok(run.ttfbUs.p50! < 40_000, `ttfb ${run.ttfbUs.p50}`);
  assert.ok(run.latencyUs.min! > 49_000, `latency ${run.latencyUs.min}`);
});

/** Rate of the stalling runs in requests per second. */
const RATE = 400;
const STALL_MS = 1000;

/** Serves at once, but for one stall, 500 ms after the first request. */
function startStalling() {
  let beginMs = 0;
  return startCounting(async (_, index) => {
    if (index === 0) beginMs = performance.now();
    const sinceMs = performance.now() - beginMs;
    if (sinceMs >= 500 && sinceMs < 500 + STALL_MS) await sleep(500 + STALL_MS - sinceMs);
    return { bytes: response("hi") };
  });
}

// With one engine: that each of them counts from the intended start is what window_test.ts tells.
timed(
  "runHtstress() shows a stall in p99 at a rate, where a closed loop hides it",
  async () => {
    await using server = startStalling();
    const options = load(server.url, {
      isKeepAlive: true,
      requests: 0,
      durationMs: 3000,
      concurrency: 4,
    });
    const open = await runHtstress({ ...options, ratePerSecond: RATE });
    // A third of the starts fell into the stall; latencies of these are evenly spread up to 1 s.
    const stalled = 1 - STALL_MS / 3000;
    assert.ok(open.run.latencyUs.p99! > 900_000, `p99 ${open.run.latencyUs.p99}`);
    assert.ok(
      open.run.latencyUs.p99! < 1_000_000 + 100_000 * slack(),
      `p99 ${open.run.latencyUs.p99}`,
    );
    const middleUs = open.histograms.latency.percentileUs(100 * (1 + stalled) / 2);
    assert.ok(
      middleUs > 350_000 && middleUs < 550_000 + 100_000 * slack(),
      `middle of the stall ${middleUs}`,
    );
    assert.ok(
      Math.abs(open.run.good / (RATE * 3) - 1) < 0.02 * slack(),
      `${open.run.good} requests`,
    );

    await using other = startStalling();
    const closed = await runHtstress({ ...options, urls: [other.url], durationMs: 2000 });
    assert.ok(closed.run.good > 1000);
    assert.ok(closed.run.latencyUs.p99! < 100_000, `closed p99 ${closed.run.latencyUs.p99}`);
    assert.ok(closed.run.latencyUs.max! > 900_000, "four requests saw it");
  },
);

eachLoad("runHtstress() starts requests when they are meant to start", async (load) => {
  const arrivalsMs: number[] = [];
  await using server = startCounting(() => {
    arrivalsMs.push(performance.now());
    return { bytes: response("hi") };
  });
  const { run } = await runHtstress(
    load(server.url, { isKeepAlive: true, ratePerSecond: 200, requests: 200, threads: 2 }),
  );
  assert.ok(Math.abs(run.seconds - 199 / 200) < 0.1 * slack(), `${run.seconds} s`);
  // Against the line that fits best in its middle, nine of ten arrivals are within 3 ms, less than
  // the time between two requests; on a busy machine, one of six is within 15 ms.
  const offsets = arrivalsMs.map((ms, i) => ms - i * 5).sort((a, b) => a - b);
  const near = offsets.filter((ms) => Math.abs(ms - offsets[100]) < 3 * slack());
  assert.ok(near.length > 180 / slack(), `${near.length} of 200 in time`);
}, timed);
