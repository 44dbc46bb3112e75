/** Whether CPUs are short, as the kernel counts it: pressure stall information. Linux ≥ 4.20. */
import { mayRead } from "./proc.ts";

/**
 * `Documentation/accounting/psi.rst`: `some … total=` is the time in µs in which at least one
 * thread was runnable but waited for a CPU, averaged over the CPUs that were not idle.
 */
const PRESSURE = "/proc/pressure/cpu";

/** Least time between two samples, in ms. The kernel weights CPUs by whole ticks of 1 to 10 ms. */
const SAMPLE_MS = 25;

/** Age above which a sample is out of date, in ms. */
const STALE_MS = 1000;

/**
 * CPUs are short when threads waited for this share of the time; with three busy threads on two
 * CPUs they do.
 */
const SHORT = 0.4;

/** Source of samples: how long threads have waited so far, in µs; null if unknown. */
export interface PressureSource {
  readUs(): number | null;
  close(): void;
}

/**
 * Tells whether runnable threads wait for a CPU, including those of other processes. In that case a
 * further thread would only wait as well.
 */
export class CpuPressure implements Disposable {
  readonly #source: PressureSource;
  readonly #nowMs: () => number;
  #waitedUs: number | null = null;
  #sampledMs = -Infinity;
  #isShort = false;

  /** Asks the kernel by default; the parameters are for tests. */
  constructor(source = openPressure(), nowMs = () => performance.now()) {
    this.#source = source;
    this.#nowMs = nowMs;
  }

  /**
   * Whether threads waited for a CPU for 40 % of the time since the last sample, at least 25 ms
   * ago. The first call, and one that follows a pause of a second, returns true, because there is
   * no recent sample; a call 25 ms later is accurate. False where the kernel does not report it.
   */
  isShort(): boolean {
    const nowMs = this.#nowMs();
    const elapsedMs = nowMs - this.#sampledMs;
    if (elapsedMs < SAMPLE_MS) return this.#isShort;
    const beforeUs = this.#waitedUs;
    this.#waitedUs = this.#source.readUs();
    this.#sampledMs = nowMs;
    return this.#isShort = this.#waitedUs !== null &&
      (beforeUs === null || elapsedMs > STALE_MS ||
        this.#waitedUs - beforeUs >= SHORT * elapsedMs * 1e3);
  }

  /** Closes the kernel's file; from then on the answer is unknown. */
  [Symbol.dispose](): void {
    this.#source.close();
  }
}

/**
 * The kernel's file is kept open, because servers give up their permissions, and the runtime only
 * opens files in `/proc` with full permissions.
 */
function openPressure(): PressureSource {
  let file: Deno.FsFile | null = null;
  try {
    if (mayRead(PRESSURE)) file = Deno.openSync(PRESSURE);
  } catch {
    // Another system, a kernel without it, or no descriptor left.
  }
  const buffer = new Uint8Array(256);
  return {
    readUs() {
      try {
        file?.seekSync(0, Deno.SeekMode.Start);
        const length = file?.readSync(buffer) ?? 0;
        return parsePressure(new TextDecoder().decode(buffer.subarray(0, length)));
      } catch {
        // psi=0 on the kernel's command line: opening succeeds and reading does not.
        return null;
      }
    },
    close() {
      file?.close();
      file = null;
    },
  };
}

/** The total of the line `some` in µs. */
function parsePressure(text: string): number | null {
  const total = /^some .*\btotal=(\d+)$/m.exec(text)?.[1];
  return total === undefined ? null : Number(total);
}
