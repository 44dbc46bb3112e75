/** Repetition, spread and verdicts of experiments. */
import assert from "node:assert/strict";
import { readEnvironment } from "../../../bench/lab/environment.ts";
import { failuresOf, labDocument, type LabResult } from "../../../bench/lab/labs.ts";
import { measure, type Sample, type VariantSpec } from "../../../bench/lab/measure.ts";
import { browserRequest, measureParser, shortRequest } from "../../../bench/lab/parser_cost.ts";
import { relativeSpread, spreadOf } from "../../../bench/stats/spread.ts";
import { LatencyHistogram } from "../../../bench/stats/histogram.ts";

function context(rounds: number, signal = new AbortController().signal) {
  return { rounds, signal, onProgress: () => {} };
}

Deno.test("spreadOf(): median and range", () => {
  assert.equal(spreadOf([]), null);
  assert.deepEqual(spreadOf([7]), { median: 7, low: 7, high: 7 });
  assert.deepEqual(spreadOf([9, 1, 5]), { median: 5, low: 1, high: 9 });
  assert.deepEqual(spreadOf([10, 4, 1, 2]), { median: 3, low: 1, high: 10 });
  assert.equal(relativeSpread({ median: 10, low: 8, high: 12 }), 0.2);
  assert.equal(relativeSpread({ median: 0, low: 0, high: 0 }), 0);
});

Deno.test("measure(): alternates the variants, and merges what they saw", async () => {
  const order: string[] = [];
  const spec = (label: string, values: number[]): VariantSpec => ({
    group: "g",
    label,
    run: () => {
      order.push(label);
      const latency = new LatencyHistogram();
      latency.record(100);
      const value = values.shift()!;
      const failed = value === 3 ? 2 : 0;
      const figures = { requestsPerSecond: value };
      return Promise.resolve<Sample>({ figures, failed, latencies: { latency } });
    },
  });
  const [a, b] = await measure([spec("a", [3, 1, 2]), spec("b", [30, 10, 20])], context(3));
  assert.equal(order.join(""), "abbaab");
  assert.deepEqual(a.spreads.requestsPerSecond, { median: 2, low: 1, high: 3 });
  assert.deepEqual(b.samples.map(({ requestsPerSecond }) => requestsPerSecond), [30, 10, 20]);
  assert.equal(a.failed, 2);
  assert.equal(a.name, "g: a");
  assert.equal(a.curves.latency.at(-1)!.latencyUs, 100);
});

Deno.test("measure(): an abort keeps what was measured, and hides the errors that it causes", async () => {
  const stop = new AbortController();
  let runs = 0;
  const spec: VariantSpec = {
    group: "g",
    label: "a",
    run: () => {
      if (++runs === 1) return Promise.resolve({ failed: 0, figures: { closed: 5 } });
      stop.abort();
      return Promise.reject(new Error("the server got the same Ctrl-C"));
    },
  };
  const [variant] = await measure([spec], context(9, stop.signal));
  assert.equal(runs, 2);
  assert.deepEqual(variant.samples, [{ closed: 5 }]);
});

Deno.test("measure(): an error that nobody asked for is thrown", async () => {
  const run = () => Promise.reject(new Error("refused"));
  await assert.rejects(measure([{ group: "g", label: "a", run }], context(1)), /refused/);
});

Deno.test("readEnvironment(): machine, kernel, limits and versions", () => {
  const { machine, kernel, limits, versions, quick } = readEnvironment("1.2.3", true);
  assert.ok(machine.cores >= 1 && machine.memoryBytes > 2 ** 20);
  assert.ok(kernel.includes(Deno.osRelease()));
  assert.ok("net.core.somaxconn" in limits && "ulimit -n" in limits);
  assert.equal(versions.ktcp, "1.2.3");
  assert.equal(quick, true);
});

Deno.test("measureParser(): parses whole requests, longer ones for longer", () => {
  assert.equal(browserRequest().length, 703);
  const [long, short] = [browserRequest(), shortRequest()].map((bytes) => measureParser(bytes, 40));
  assert.ok(short > 0 && long > short, `${short} ns, ${long} ns`);
  const half = browserRequest().slice(0, 300);
  assert.throws(() => measureParser(half, 10), /does not take the 300 bytes/);
});

Deno.test("labDocument(): figures beside the name, ranges and samples", async () => {
  const values = [3, 1, 2];
  const variants = await measure([{
    group: "g",
    label: "a",
    x: 8,
    xText: "8 connections",
    run: () => Promise.resolve({ failed: 1, figures: { requestsPerSecond: values.shift()! / 3 } }),
  }], context(3));
  const result: LabResult = {
    lab: "demo",
    question: "Why?",
    seconds: 1.234,
    environment: readEnvironment("1", false),
    setup: ["It runs."],
    variants,
    drawings: [],
    findings: [{ text: "One." }, { text: "Two." }],
  };
  assert.equal(failuresOf(result), 3);
  const document = labDocument(result);
  assert.equal(document.conclusion, "One.\nTwo.");
  const [variant] = document.variants as unknown as Record<string, unknown>[];
  assert.equal(variant.name, "g: a, 8 connections");
  assert.equal(variant.requestsPerSecond, 0.6667);
  assert.deepEqual(variant.low, { requestsPerSecond: 0.3333 });
  assert.equal((variant.samples as unknown[]).length, 3);
  assert.ok(!("curves" in variant));
});
