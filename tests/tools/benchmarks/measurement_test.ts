/** The tables of benchmarks. */
import assert from "node:assert/strict";
import { measuredRow, measuredTable } from "../../../tools/benchmarks/shared/measurement.ts";

/** The cells of each row, the heading first. */
function cells(text: string): string[][] {
  return text.trim().split("\n").filter((_, line) => line !== 1).map((line) =>
    line.split("|").slice(1, -1).map((cell) => cell.trim())
  );
}

function row(subject: string, requestsPerSecond: number, cpuUsPerRequest: number | null) {
  return measuredRow("32", subject, {
    requestsPerSecond: [requestsPerSecond],
    cpuUsPerRequest: [cpuUsPerRequest],
    errors: [2],
  });
}

Deno.test("measuredRow: has the median and the range of rounds, without those that have no figure", () => {
  const { figures } = measuredRow("32", "a", {
    requestsPerSecond: [3, 1, 2],
    cpuUsPerRequest: [null, 5, NaN],
    p99Us: [null],
  });
  assert.deepEqual(figures, {
    requestsPerSecond: { median: 2, low: 1, high: 3 },
    cpuUsPerRequest: { median: 5, low: 5, high: 5 },
  });
});

Deno.test("measuredTable: shows figures as multiples of the baseline's, and errors", () => {
  const rows = [row("a", 50, 9), row("b", 100, 10)];
  const [heading, a, b] = cells(measuredTable({ rows, subject: "server", baseline: "b" }));
  assert.deepEqual(heading, [
    ...["load", "server", "requests/s", "x", "CPU/request", "x", "errors"],
  ]);
  assert.deepEqual([a[3], a[5], a[6]], ["0.50", "0.90", "2"]);
  assert.deepEqual([b[3], b[5]], ["1.00", "1.00"]);
});

Deno.test("measuredTable: has no multiples where a figure or the baseline is missing", () => {
  const rows = [row("a", 50, null), row("b", 100, 10)];
  const [, a] = cells(measuredTable({ rows, subject: "server", baseline: "b" }));
  assert.deepEqual([a[3], a[4], a[5]], ["0.50", "", ""]);
  const [, , b] = cells(measuredTable({ rows, subject: "server", baseline: "c" }));
  assert.deepEqual([b[3], b[5]], ["", ""]);
  const [heading] = cells(measuredTable({ rows, subject: "server", baseline: null }));
  assert.ok(!heading.includes("x"));
});
