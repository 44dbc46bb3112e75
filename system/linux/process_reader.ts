/** Reads the CPU time, memory and threads of a process repeatedly. Linux only. */
import { ProcFile } from "../proc.ts";
import {
  type CpuTicks,
  parseResidentBytes,
  parseThreads,
  parseTicks,
  TICK_US,
} from "../process_usage.ts";
import { readProcessClockUs } from "./process_clock.ts";

/** The resource usage of a process; CPU time since its start, including threads that have ended. */
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
 * Splits CPU time like the kernel: the total is exact, and the parts are in the ratio of their
 * ticks (10 ms). Neither part ever decreases.
 */
export class CpuSplit {
  #userUs = 0;
  #systemUs = 0;

  /** @param totalUs total by an exact clock; null: taken from the ticks */
  next({ userTicks, systemTicks }: CpuTicks, totalUs: number | null): CpuParts {
    const ticks = userTicks + systemTicks;
    const wholeUs = Math.max(totalUs ?? ticks * TICK_US, this.#userUs + this.#systemUs);
    // Before the first tick the ratio is unknown; everything counts as user mode.
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

  /** Its present usage; null if it has ended, or if there is no `/proc`. */
  read(): ProcessUse | null {
    const stat = this.#stat.read();
    const rssBytes = parseResidentBytes(this.#status.read() ?? "");
    // A zombie has no memory.
    if (stat === null || Number.isNaN(rssBytes)) return null;
    const cpu = this.#split.next(parseTicks(stat), readProcessClockUs(this.#pid));
    return { pid: this.#pid, ...cpu, rssBytes, threads: parseThreads(stat) };
  }

  /** Closes its files. */
  [Symbol.dispose](): void {
    this.#stat[Symbol.dispose]();
    this.#status[Symbol.dispose]();
  }
}
