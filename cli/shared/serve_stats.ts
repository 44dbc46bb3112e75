/**
 * `--stats`: what each thread of a server did, as a table, at the end and on SIGUSR2.
 */
import { table } from "../../bench/report/text_layout.ts";
import type { ThreadSample } from "../../servers/mod.ts";

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

/** Further columns for engines that make their system calls themselves. */
const CALL_COLUMNS = ["calls", "waits", "events/wait"] as const;

/** A line for each thread; a dash where a figure does not apply to it. */
export function statsTable(
  threads: readonly Pick<ThreadSample, "name" | "counters" | "calls" | "work">[],
): string {
  const hasCalls = threads.some(({ calls }) => calls !== undefined);
  const rows = threads.map(({ name, counters, work, calls }) =>
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
      ...(hasCalls
        ? [calls?.calls, calls?.waits, calls && (calls.events / calls.waits).toFixed(2)]
        : []),
    ].map((value) => String(value ?? "-"))
  );
  return table([[...COLUMNS, ...(hasCalls ? CALL_COLUMNS : [])], ...rows]);
}
