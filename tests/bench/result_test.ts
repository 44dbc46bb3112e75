import assert from "node:assert/strict";
import { latenciesOf, parseResult } from "../../bench/result.ts";
import { BENCH, HTSTRESS } from "./runs.ts";

Deno.test("benchResult(): has the fields of the JSON document, in their order", () => {
  assert.deepEqual(Object.keys(BENCH), [
    "command",
    "version",
    "target",
    "selfStarted",
    "engine",
    "threads",
    "rounds",
    "messages",
    "messageBytes",
    "ratePerSecond",
    "attempted",
    "ok",
    "failed",
    "failures",
    "startedAt",
    "endedAt",
    "seconds",
    "messagesPerSecond",
    "bytesPerSecond",
    "connectUs",
    "echoUs",
    "kernel",
    "clients",
    "limits",
    "hdr",
  ]);
});

Deno.test("benchResult(): totals and rates follow from the counts", () => {
  assert.equal(BENCH.failed, 2);
  assert.equal(BENCH.attempted, 100);
  assert.equal(BENCH.messagesPerSecond, 196);
  assert.equal(BENCH.bytesPerSecond, 196 * 64);
});

Deno.test("htstressResult(): has the fields of the JSON document, in their order", () => {
  assert.deepEqual(Object.keys(HTSTRESS), [
    "command",
    "version",
    "urls",
    "engine",
    "mode",
    "concurrency",
    "threads",
    "pipeline",
    "asked",
    "requests",
    "good",
    "bad",
    "socketErrors",
    "startedAt",
    "endedAt",
    "seconds",
    "requestsPerSecond",
    "window",
    "schedule",
    "bytesIn",
    "bytesOut",
    "statuses",
    "errors",
    "faults",
    "latencyUs",
    "ttfbUs",
    "connectUs",
    "hdr",
  ]);
});

Deno.test("htstressResult(): truncated and garbage are bad, the other kinds socket errors", () => {
  assert.equal(HTSTRESS.bad, 5 + 2 + 1);
  assert.equal(HTSTRESS.socketErrors, 1 + 1 + 1 + 3 + 1);
  assert.equal(HTSTRESS.requests, 985 + 8 + 7);
  assert.equal(HTSTRESS.requestsPerSecond, 490, "answers within the measured time");
});

Deno.test("latenciesOf(): the main latency comes last", () => {
  assert.deepEqual(latenciesOf(BENCH).map(({ name }) => name), ["connect", "echo"]);
  assert.deepEqual(latenciesOf(HTSTRESS).map(({ name }) => name), ["connect", "ttfb", "latency"]);
});

Deno.test("parseResult(): reads back what --json prints", () => {
  for (const result of [BENCH, HTSTRESS]) {
    assert.deepEqual(parseResult(JSON.stringify(result), "a.json"), result);
  }
});

Deno.test("parseResult(): reads documents that were saved before there was p95", () => {
  const { p95: _, ...latencyUs } = HTSTRESS.latencyUs;
  const { latencyUs: read } = parseResult(
    JSON.stringify({ ...HTSTRESS, latencyUs }),
    "a.json",
  ) as typeof HTSTRESS;
  assert.deepEqual(read, { ...HTSTRESS.latencyUs, p95: null });
});

Deno.test("parseResult(): says what is wrong with the file", () => {
  const cases: [text: string, message: RegExp][] = [
    ["{", /Cannot read a\.json: not a JSON document; save a run with/],
    ["null", /its command is missing/],
    ['{"command":"doctor"}', /its command is "doctor"/],
    ['{"command":"bench","seconds":1}', /a count is missing/],
    [JSON.stringify({ ...BENCH, echoUs: { p50: 1 } }), /its echo latency is incomplete/],
    [JSON.stringify({ ...HTSTRESS, ttfbUs: null }), /its ttfb latency is incomplete/],
  ];
  for (const [text, message] of cases) {
    assert.throws(() => parseResult(text, "a.json"), { name: "SyntaxError", message });
  }
});
