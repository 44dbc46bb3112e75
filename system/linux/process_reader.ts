/** What a process uses, read again and again: CPU time, memory, threads. Linux only. */
import { ProcFile } from "../proc.ts";
import {
  type CpuTicks,
  parseResidentBytes,
  parseThreads,
  parseTicks,
  TICK_US,
} from "../process_usage.ts";
import { readProcessClockUs } from "./process_clock.ts";

/** What a process uses; CPU time since it was started, with the threads that have ended. */
export interface ProcessUse {
  pid: number;
  userUs: number;
  systemUs: number;
  rssBytes: number;
  threads: number;
}

/** CPU time in its parts. */
export interface CpuParts {
  userUs: number;
  systemUs: number;
}

/**
 * Splits CPU time as the kernel does: the whole is exact, and the parts have the ratio of the ticks
 * (10 ms) at which one was seen. Neither part ever falls.
 */
export class CpuSplit {
  #userUs = 0;
  #systemUs = 0;

  /** @param totalUs by an exact clock; null: as many as there were ticks */
  next({ userTicks, systemTicks }: CpuTicks, totalUs: number | null): CpuParts {
    const ticks = userTicks + systemTicks;
    const wholeUs = Math.max(totalUs ?? ticks * TICK_US, this.#userUs + this.#systemUs);
    // Before the first tick nothing is known of the parts: a process begins in user mode.
    const userUs = ticks === 0 ? wholeUs : wholeUs * userTicks / ticks;
    this.#userUs = Math.max(this.#userUs, Math.min(userUs, wholeUs - this.#systemUs));
    this.#systemUs = wholeUs - this.#userUs;
    return { userUs: this.#userUs, systemUs: this.#systemUs };
  }
}

/** Reads one process. */
export class ProcessReader implements Disposable {
  readonly #pid: number;
  readonly #stat: ProcFile;
  readonly #status: ProcFile;
  readonly #split = new CpuSplit();

  constructor(pid: number) {
    this.#pid = pid;
    this.#stat = new ProcFile(`/proc/${pid}/stat`);
    this.#status = new ProcFile(`/proc/${pid}/status`);
  }

  /** What it uses now; null when it has ended, or where there is no `/proc`. */
  read(): ProcessUse | null {
    const stat = this.#stat.read();
    const rssBytes = parseResidentBytes(this.#status.read() ?? "");
    // A process that has ended and is not waited for has no memory.
    if (stat === null || Number.isNaN(rssBytes)) return null;
    const cpu = this.#split.next(parseTicks(stat), readProcessClockUs(this.#pid));
    return { pid: this.#pid, ...cpu, rssBytes, threads: parseThreads(stat) };
  }

  /** Reads it no more. */
  [Symbol.dispose](): void {
    this.#stat[Symbol.dispose]();
    this.#status[Symbol.dispose]();
  }
}
