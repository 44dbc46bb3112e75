/**
 * CPU time of processes from their own clocks (clock_getcpuclockid(3)), which count in nanoseconds
 * and include threads that have ended; `/proc/PID/stat` counts in ticks of 10 ms.
 */
import { readTicks, TICK_US } from "../process_usage.ts";
import { libc, LibcError } from "./libc.ts";

/** CPU time that processes used. */
export interface CpuUse {
  totalUs: number;
  /**
   * Its parts; null if the run was too short to distinguish them. The kernel only samples them, at
   * each tick of its timer.
   */
  split: { userUs: number; systemUs: number } | null;
}

/** Least number of ticks for their sum to be meaningful, where there is no finer clock. */
const MIN_TICKS = 20;

/** Least number of ticks for each part of the CPU time to count as measured. */
const MIN_PART_TICKS = 5;

/** CPUCLOCK_SCHED, the clock of the CPU time granted by the scheduler. */
const CPUCLOCK_SCHED = 2;

/** The clock of the calling thread (clock_gettime(2)). */
const CLOCK_THREAD_CPUTIME_ID = 3;

/** CPU time of process `pid` so far in µs; null without such a process, or without its clock. */
export function readProcessClockUs(pid: number): number | null {
  return readClockUs((~pid << 3) | CPUCLOCK_SCHED);
}

/** CPU time of the calling thread so far in µs; null if there is no such clock. */
export function readThreadClockUs(): number | null {
  return readClockUs(CLOCK_THREAD_CPUTIME_ID);
}

function readClockUs(clock: number): number | null {
  const time = new BigInt64Array(2);
  try {
    const result = libc().calls.clock_gettime(clock, new Uint8Array(time.buffer));
    return result === 0 ? Number(time[0]) * 1e6 + Number(time[1]) / 1e3 : null;
  } catch (error) {
    if (error instanceof LibcError) return null;
    throw error;
  }
}

/** The CPU time of a process so far. */
interface Reading {
  clockUs: number | null;
  userTicks: number;
  systemTicks: number;
}

function read(pid: number): Reading | null {
  const ticks = readTicks(pid);
  return ticks && { clockUs: readProcessClockUs(pid), ...ticks };
}

/**
 * Measures the CPU time that the processes `pids` use together while `work` runs.
 *
 * @returns `cpu`: null if there are no processes, if it is unknown, or if it is below the clock's
 * resolution
 */
export async function cpuDuring<T>(
  pids: readonly number[],
  work: () => Promise<T>,
): Promise<{ value: T; cpu: CpuUse | null }> {
  const before = pids.map(read);
  const value = await work();
  const after = pids.map(read);
  let clockUs: number | null = 0;
  let userTicks = 0;
  let systemTicks = 0;
  for (const [i, start] of before.entries()) {
    const end = after[i];
    // The count of a process that has ended is lost, so the sum would be incomplete.
    if (start === null || end === null) return { value, cpu: null };
    userTicks += end.userTicks - start.userTicks;
    systemTicks += end.systemTicks - start.systemTicks;
    clockUs = clockUs === null || start.clockUs === null || end.clockUs === null
      ? null
      : clockUs + end.clockUs - start.clockUs;
  }
  if (pids.length === 0) return { value, cpu: null };
  const ticks = userTicks + systemTicks;
  if (clockUs === null && ticks < MIN_TICKS) return { value, cpu: null };
  const totalUs = clockUs ?? ticks * TICK_US;
  const isSplit = ticks >= MIN_TICKS && Math.min(userTicks, systemTicks) >= MIN_PART_TICKS;
  const split = isSplit
    ? { userUs: totalUs * userTicks / ticks, systemUs: totalUs * systemTicks / ticks }
    : null;
  return { value, cpu: { totalUs, split } };
}
