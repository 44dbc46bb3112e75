/** Whether CPUs are short, as the kernel counts it: pressure stall information. Linux ≥ 4.20. */
import { mayRead } from "./proc.ts";

/**
 * `Documentation/accounting/psi.rst`: `some … total=` is the time in µs in which a thread was ready
 * to run and waited for a CPU, as a mean over the CPUs that were not idle.
 */
const PRESSURE = "/proc/pressure/cpu";

/** Between two samples, in ms. The kernel weights CPUs by whole ticks of 1 to 10 ms. */
const SAMPLE_MS = 25;

/** A sample that is older says nothing about now, in ms. */
const STALE_MS = 1000;

/** CPUs are short when threads waited for this part of the time: one of three on two CPUs does. */
const SHORT = 0.4;

/** Where samples come from: what threads have waited so far in µs, null where it is not known. */
export interface PressureSource {
  readUs(): number | null;
  close(): void;
}

/**
 * Whether threads are ready to run and wait for a CPU, those of other processes included. Another
 * thread would only wait beside them.
 */
export class CpuPressure implements Disposable {
  readonly #source: PressureSource;
  readonly #nowMs: () => number;
  #waitedUs: number | null = null;
  #sampledMs = -Infinity;
  #isShort = false;

  /** By default the kernel is asked. The parameters are for tests. */
  constructor(source = openPressure(), nowMs = () => performance.now()) {
    this.#source = source;
    this.#nowMs = nowMs;
  }

  /**
   * Whether threads waited for a CPU for 40 % of the time since the last sample, at least 25 ms ago.
   * At the first call, and when none was made for a second, this is to be seen: true, and a call
   * after 25 ms knows. False where the kernel does not tell.
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

  /** Closes the kernel's file: afterwards nothing is known. */
  [Symbol.dispose](): void {
    this.#source.close();
  }
}

/**
 * The kernel's file stays open: a server gives up its permissions, and files in `/proc` can be
 * opened only by who has all of them.
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
