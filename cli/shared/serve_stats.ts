/**
 * `--stats`: what each thread of a server did, as a table, at the end and on SIGUSR2.
 */
import type { ThreadReport } from "../../servers/mod.ts";

const COLUMNS = [
  "thread",
  "connections",
  "served",
  "bytes in",
  "bytes out",
  "items",
  "busy ms",
  "created",
  "crashes",
] as const;

/** A line a thread; a dash where a figure does not apply to it. */
export function statsTable(reports: readonly ThreadReport[]): string {
  const rows = reports.map(({ name, counters, work }) =>
    [
      name,
      counters?.connections,
      counters?.served,
      counters?.bytesIn,
      counters?.bytesOut,
      work?.items,
      work && Math.round(work.busyUs / 1000),
      work?.created,
      work?.crashes,
    ].map((value) => String(value ?? "-"))
  );
  const table = [[...COLUMNS], ...rows];
  const widths = COLUMNS.map((_, i) => Math.max(...table.map((row) => row[i].length)));
  const line = (row: readonly string[]) =>
    row.map((cell, i) => i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])).join("  ");
  return table.map((row) => line(row).trimEnd()).join("\n");
}
