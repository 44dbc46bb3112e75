/**
 * The threads of this process as the kernel knows them (proc_pid_stat(5), and
 * `Documentation/scheduler/sched-stats.rst` for `schedstat`).
 *
 * The files are opened by the C library, so that they can be read after the permissions for them
 * were given up.
 */
import { type Libc, libc, LibcError, SystemError } from "./libc.ts";
import { NumberedDirectory } from "./numbered_directory.ts";

const O_CLOEXEC = 0o2000000;
const CLOCK_THREAD_CPUTIME_ID = 3;

/** Larger than a thread's `stat`. */
const TEXT_BYTES = 1024;

/** The state of a thread. */
export type KernelState =
  /** It runs, or waits for a CPU. */
  | "runnable"
  /** It waits for an event. */
  | "sleeping"
  /** It waits for a device, as a rule for a disk. */
  | "in a device";

/** How long a thread ran, and waited for a CPU, in us since it began; null: not counted. */
export interface ThreadTimes {
  cpuUs: number | null;
  waitedUs: number | null;
}

/** What the kernel reports about a thread. */
export interface ThreadFacts extends ThreadTimes {
  /** Null for any other state, such as stopped. */
  state: KernelState | null;
}

/** The states by their characters in `stat`. */
const STATES: Record<number, KernelState> = {
  [charCode("R")]: "runnable",
  [charCode("S")]: "sleeping",
  [charCode("D")]: "in a device",
};

function charCode(char: string): number {
  return char.charCodeAt(0);
}

const PARENTHESIS = charCode(")");

/**
 * The open files of a thread, or negative numbers. They are kept open because opening takes longer
 * than reading. They keep referring to this thread even if another one gets its number.
 */
interface ThreadFiles {
  stat: number;
  schedstat: number;
}

const encoder = new TextEncoder();
const latin1 = new TextDecoder("latin1");

/** The threads of this process. */
export class ProcessThreads {
  readonly #libc: Libc;
  readonly #directory: NumberedDirectory;
  readonly #text = new Uint8Array(TEXT_BYTES);
  readonly #time = new BigInt64Array(2);
  readonly #timeBytes = new Uint8Array(this.#time.buffer);
  /** The files of threads that were read, by thread ID. */
  readonly #files = new Map<number, ThreadFiles>();
  /** `schedstat` of the thread that made this object. */
  readonly #ownTimes: number;
  /** The threads seen so far, and the number in the last Worker's name. */
  #seen = new Set<number>();
  #lastWorker = -1;

  private constructor(system: Libc) {
    this.#libc = system;
    this.#directory = new NumberedDirectory(system, "/proc/self/task");
    this.#ownTimes = this.#open("/proc/thread-self/schedstat");
    this.newestWorker();
  }

  /** @returns undefined if FFI or `/proc` is not available */
  static open(): ProcessThreads | undefined {
    try {
      return new ProcessThreads(libc());
    } catch (error) {
      if (error instanceof LibcError || error instanceof SystemError) return undefined;
      throw error;
    }
  }

  /**
   * The thread of the Worker that was created last. The runtime creates it before `new Worker`
   * returns, and names it `worker-N`, each with a greater number.
   *
   * @returns null when none was created since the last call
   */
  newestWorker(): number | null {
    const threads = this.#directory.numbers();
    let newest: number | null = null;
    for (const thread of threads) {
      if (this.#seen.has(thread)) continue;
      const comm = this.#open(`/proc/self/task/${thread}/comm`);
      const name = this.#text.subarray(0, this.#read(comm));
      this.#close(comm);
      const number = Number(/^worker-(\d+)\n/.exec(latin1.decode(name))?.[1] ?? -1);
      if (number <= this.#lastWorker) continue;
      newest = thread;
      this.#lastWorker = number;
    }
    this.#seen = new Set(threads);
    for (const thread of this.#files.keys()) if (!this.#seen.has(thread)) this.#forget(thread);
    return newest;
  }

  /** What the kernel reports about `thread`; null if it does not exist. */
  read(thread: number): ThreadFacts | null {
    const files = this.#filesOf(thread);
    const length = this.#read(files.stat);
    // The state follows the name, which may hold anything, in parentheses.
    const state = length > 0 && this.#text[this.#text.lastIndexOf(PARENTHESIS, length - 1) + 2];
    if (!state) {
      this.#forget(thread);
      return null;
    }
    return { state: STATES[state] ?? null, ...this.#times(files.schedstat) };
  }

  /** The times of the thread that made this object. */
  ownTimes(): ThreadTimes {
    return this.#times(this.#ownTimes);
  }

  /** CPU time of the calling thread so far, in us, to the nanosecond. */
  ownCpuUs(): number {
    this.#libc.calls.clock_gettime(CLOCK_THREAD_CPUTIME_ID, this.#timeBytes);
    return Number(this.#time[0]) * 1e6 + Number(this.#time[1]) / 1000;
  }

  #times(file: number): ThreadTimes {
    const length = this.#read(file);
    if (length === 0) return { cpuUs: null, waitedUs: null };
    const [cpuNs, waitedNs] = latin1.decode(this.#text.subarray(0, length)).split(" ", 2);
    return { cpuUs: Number(cpuNs) / 1000, waitedUs: Number(waitedNs) / 1000 };
  }

  #filesOf(thread: number): ThreadFiles {
    let files = this.#files.get(thread);
    if (files !== undefined) return files;
    const directory = `/proc/self/task/${thread}`;
    files = {
      stat: this.#open(`${directory}/stat`),
      schedstat: this.#open(`${directory}/schedstat`),
    };
    this.#files.set(thread, files);
    return files;
  }

  /** Closes the files of a thread that has ended. */
  #forget(thread: number): void {
    const files = this.#files.get(thread);
    if (files === undefined) return;
    this.#files.delete(thread);
    this.#close(files.stat);
    this.#close(files.schedstat);
  }

  /** @returns negative when it cannot be opened */
  #open(path: string): number {
    return this.#libc.calls.open(encoder.encode(`${path}\0`), O_CLOEXEC);
  }

  #close(file: number): void {
    if (file >= 0) this.#libc.calls.close(file);
  }

  /**
   * Reads a file from its start into `#text`. @returns the number of bytes; 0 if its thread has
   * ended
   */
  #read(file: number): number {
    return Math.max(0, this.#libc.calls.preadBytes(file, this.#text, TEXT_BYTES, 0n));
  }
}
