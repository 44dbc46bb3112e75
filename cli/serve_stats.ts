/**
 * `--stats`: what each thread of a server did, as a table, at the end and on SIGUSR1.
 */
import type { ThreadReport } from "../servers/mod.ts";

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

/** The runtime takes some ms to open its debugger. */
const DEBUGGER_LOOKS = 20;
const DEBUGGER_LOOK_MS = 10;

/** Calls `print` on SIGUSR1. */
export function onStatsSignal(print: () => void): void {
  Deno.addSignalListener("SIGUSR1", () => {
    print();
    closeDebugger();
  });
}

/**
 * On SIGUSR1 `deno run` also opens its debugger on port 9229 (since 2.9.2; there is no option
 * against it), through which anybody on this machine could take the process over. So it is closed
 * again as soon as it is there.
 */
async function closeDebugger(): Promise<void> {
  const inspector = await import("node:inspector");
  // Whether it is there yet may not be asked without the permission that was given up.
  for (let looks = 0; looks < DEBUGGER_LOOKS; looks++) {
    await new Promise((resolve) => setTimeout(resolve, DEBUGGER_LOOK_MS));
    inspector.close();
  }
}
