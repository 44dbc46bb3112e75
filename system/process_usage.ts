/** The resource usage of processes (proc_pid_stat(5), proc_pid_status(5)). Linux only. */
import { mayRead, readProc } from "./proc.ts";

/** The unit of `/proc/PID/stat`: USER_HZ is 100 on every architecture that Deno runs on. */
export const TICK_US = 10_000;

/** CPU time of a process with all of its threads, ended ones included, in {@linkcode TICK_US}. */
export interface CpuTicks {
  userTicks: number;
  systemTicks: number;
}

/** Indices among the fields that follow the command's name. */
const STATE = 0;
const PPID = 1;
const UTIME = 11;
const STIME = 12;
const THREADS = 17;

/**
 * The fields of `/proc/PID/stat` after the name, which is in parentheses and may contain anything.
 */
function fieldsOf(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** Parses the text of `/proc/PID/stat`. */
export function parseTicks(stat: string): CpuTicks {
  const fields = fieldsOf(stat);
  return { userTicks: Number(fields[UTIME]), systemTicks: Number(fields[STIME]) };
}

/** The number of threads in the text of `/proc/PID/stat`. */
export function parseThreads(stat: string): number {
  return Number(fieldsOf(stat)[THREADS]);
}

/** CPU time of process `pid` so far; null when there is no such process, or no `/proc`. */
export function readTicks(pid: number): CpuTicks | null {
  const stat = readProc(`/proc/${pid}/stat`);
  return stat === null ? null : parseTicks(stat);
}

/** A process of a tree. */
export interface TreeMember {
  pid: number;
  /** Whether it has ended and its parent has not waited for it. */
  isZombie: boolean;
  threads: number;
  cpuUs: number;
}

/** Process `root` and all processes below it; empty when there is none, or no `/proc`. */
export function processTree(root: number): TreeMember[] {
  if (!mayRead("/proc")) return [];
  const all = new Map<number, TreeMember & { parent: number }>();
  for (const { name } of Deno.readDirSync("/proc")) {
    const stat = /^\d+$/.test(name) ? readProc(`/proc/${name}/stat`) : null;
    // It may have ended meanwhile.
    if (stat === null) continue;
    const fields = fieldsOf(stat);
    const { userTicks, systemTicks } = parseTicks(stat);
    all.set(Number(name), {
      pid: Number(name),
      parent: Number(fields[PPID]),
      isZombie: fields[STATE] === "Z",
      threads: Number(fields[THREADS]),
      cpuUs: (userTicks + systemTicks) * TICK_US,
    });
  }
  return [...all.values()].filter(({ pid }) => {
    let at: number | undefined = pid;
    while (at !== undefined && at !== root) at = all.get(at)?.parent;
    return at === root;
  });
}

/** CPU time in µs that `root` and all processes below it have used; ended ones do not count. */
export function treeCpuUs(root: number): number {
  return processTree(root).reduce((sum, { cpuUs }) => sum + cpuUs, 0);
}

/** The parent of process `pid`; undefined when there is no such process. */
export function parentOf(pid: number): number | undefined {
  const stat = readProc(`/proc/${pid}/stat`);
  return stat === null ? undefined : Number(fieldsOf(stat)[PPID]);
}

/** Memory of process `pid` that is resident now, in bytes; NaN when there is no such process. */
export function residentBytes(pid: number): number {
  return memoryOf(pid, "VmRSS");
}

/** Peak resident memory of process `pid` so far, in bytes; NaN when there is no such process. */
export function peakResidentBytes(pid: number): number {
  return memoryOf(pid, "VmHWM");
}

/**
 * Memory of process `pid` alone, in bytes: pages that it shares with others count in part
 * (proc_pid_smaps(5), Pss). NaN when there is no such process, or reading is not permitted.
 */
export function proportionalBytes(pid: number): number {
  const text = readProc(`/proc/${pid}/smaps_rollup`) ?? "";
  return Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1] ?? NaN) * 1024;
}

/** Resident memory by the text of `/proc/PID/status`, in bytes; NaN if it is missing. */
export function parseResidentBytes(status: string): number {
  return parseMemory(status, "VmRSS");
}

function memoryOf(pid: number, name: string): number {
  return parseMemory(readProc(`/proc/${pid}/status`) ?? "", name);
}

function parseMemory(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1] ?? NaN) * 1024;
}
