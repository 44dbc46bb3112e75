/** CPU time of processes, from `/proc/PID/stat` (proc_pid_stat(5)). */
import { readProc } from "./proc.ts";

/** CPU time of a process with all of its threads, ended ones included. */
export interface CpuTime {
  userUs: number;
  systemUs: number;
}

/** The kernel reports in ticks of USER_HZ, which is 100 on every architecture that Deno runs on. */
const TICK_US = 10_000;

/** Index of `utime` among the fields that follow the command's name. */
const UTIME = 11;

/** Parses the text of `/proc/PID/stat`; the name in parentheses may hold anything. */
export function parseCpuTime(stat: string): CpuTime {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return {
    userUs: Number(fields[UTIME]) * TICK_US,
    systemUs: Number(fields[UTIME + 1]) * TICK_US,
  };
}

/** CPU time of process `pid` so far; null when there is no such process, or no `/proc`. */
export function readCpuTime(pid: number): CpuTime | null {
  const stat = readProc(`/proc/${pid}/stat`);
  return stat === null ? null : parseCpuTime(stat);
}

/** What process `pid` uses while `work` runs; null without `pid` or where it cannot be told. */
export async function cpuDuring<T>(
  pid: number | undefined,
  work: () => Promise<T>,
): Promise<{ value: T; cpu: CpuTime | null }> {
  const before = pid === undefined ? null : readCpuTime(pid);
  const value = await work();
  const after = pid === undefined ? null : readCpuTime(pid);
  const cpu = before && after && {
    userUs: after.userUs - before.userUs,
    systemUs: after.systemUs - before.systemUs,
  };
  return { value, cpu };
}
