/** How long threads of this process wait for a CPU, as the kernel counts it. Linux only. */
import { mayRead, readProc } from "./proc.ts";

const TASKS = "/proc/self/task";

/** Between two samples, in ms: reading takes some 10 µs for each thread. */
const SAMPLE_MS = 100;

/** Samples that are further apart say nothing about now. */
const STALE_MS = 1000;

/** Time on run queues in ns, by thread. */
type Waits = Map<string, number>;

/**
 * Whether CPUs are short: threads of this process are ready to run and wait for one. Another
 * thread would only wait beside them.
 */
export class CpuWait {
  readonly #read: () => Waits | null;
  readonly #nowMs: () => number;
  #waits: Waits | null = null;
  #sampledMs = -Infinity;
  #isShort = false;

  /** The parameters are for tests. */
  constructor(read = readRunDelays, nowMs = () => performance.now()) {
    this.#read = read;
    this.#nowMs = nowMs;
  }

  /**
   * Whether on average one thread or more has waited since the last sample, some 100 ms ago. False
   * where it is not known: at the first calls, and where `/proc` cannot be read.
   */
  isShort(): boolean {
    const nowMs = this.#nowMs();
    const elapsedMs = nowMs - this.#sampledMs;
    if (elapsedMs < SAMPLE_MS) return this.#isShort;
    const before = this.#waits;
    this.#waits = this.#read();
    this.#sampledMs = nowMs;
    this.#isShort = before !== null && this.#waits !== null && elapsedMs <= STALE_MS &&
      sumOfIncreases(before, this.#waits) >= elapsedMs * 1e6;
    return this.#isShort;
  }
}

/** Threads that have ended or begun between the samples do not count. */
function sumOfIncreases(before: Waits, after: Waits): number {
  let sum = 0;
  for (const [thread, waitNs] of after) sum += waitNs - (before.get(thread) ?? waitNs);
  return sum;
}

/** The second number of `/proc/PID/task/TID/schedstat` (proc(5)) of each thread; null without it. */
function readRunDelays(): Waits | null {
  if (!mayRead(TASKS)) return null;
  const waits: Waits = new Map();
  try {
    for (const { name } of Deno.readDirSync(TASKS)) {
      const text = readProc(`${TASKS}/${name}/schedstat`);
      if (text !== null) waits.set(name, Number(text.split(" ")[1]));
    }
  } catch {
    // No /proc, or no descriptor left.
  }
  return waits.size === 0 ? null : waits;
}
