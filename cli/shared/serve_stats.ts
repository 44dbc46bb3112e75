/**
 * `--stats`: what each thread of a server did, as a table, at the end and on SIGUSR2.
 */
import { table } from "../../bench/report/text_layout.ts";
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
  return table([[...COLUMNS], ...rows]);
}
