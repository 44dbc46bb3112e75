/** Child processes whose output is read while they run. */
import { LineSplitter } from "./line_splitter.ts";

/** How long a process may take to end when asked to, in ms. */
const STOP_MS = 5000;

/** Longer lines of stdout are not reported, so that memory is bounded. */
const MAX_LINE_CHARS = 1 << 24;

/** How a process ended. */
export interface Outcome {
  code: number;
  /** Its stdout and stderr, each the last part that was kept. */
  out: string;
  err: string;
}

/** How a process is started. */
export interface ProcessOptions {
  /** Working directory. */
  cwd?: string;
  /** Variables in addition to those of this process, or instead of them with `clearEnv`. */
  env?: Record<string, string>;
  clearEnv?: boolean;
  /** The process is killed after this time, in ms; default: never. */
  deadlineMs?: number;
  /** Characters of each stream that are kept, the last ones; default: all. */
  keepChars?: number;
  /**
   * Called with each complete line of stdout as it arrives, without its end, regardless of
   * `keepChars`. It must not throw.
   */
  onLine?: (line: string) => void;
  /** Whether its stdout is discarded, so that printing costs it only the call. */
  discardOut?: boolean;
  /**
   * Whether it leads a process group that gets all signals, so that what a shell starts ends with
   * it.
   */
  isGroup?: boolean;
}

/** A wait for text that matches `pattern`. */
interface Wait {
  pattern: RegExp;
  resolve(match: RegExpExecArray | null): void;
}

/** A stream's text so far, and the waits for more. */
class Transcript {
  text = "";
  readonly #keepChars: number;
  readonly #lines: LineSplitter | undefined;
  readonly #waits = new Set<Wait>();
  #isOpen = true;

  constructor(
    stream: ReadableStream<Uint8Array<ArrayBuffer>>,
    keepChars: number,
    onLine?: (line: string) => void,
  ) {
    this.#keepChars = keepChars;
    this.#lines = onLine && new LineSplitter(onLine, MAX_LINE_CHARS);
    this.#pump(stream);
  }

  async #pump(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const part of stream.pipeThrough(new TextDecoderStream())) {
      this.text += part;
      this.#look();
      if (this.text.length > this.#keepChars) this.text = this.text.slice(-this.#keepChars);
      this.#lines?.add(part);
    }
    this.#isOpen = false;
    this.#look();
  }

  /** Resolves waits that match. Called before the text is cut, as that part may match. */
  #look(): void {
    for (const wait of this.#waits) {
      const match = wait.pattern.exec(this.text);
      if (match === null && this.#isOpen) continue;
      this.#waits.delete(wait);
      wait.resolve(match);
    }
  }

  /** Waits for text that matches. @returns null if the stream ends first */
  until(pattern: RegExp): Promise<RegExpExecArray | null> {
    const match = pattern.exec(this.text);
    if (match !== null || !this.#isOpen) return Promise.resolve(match);
    return new Promise((resolve) => this.#waits.add({ pattern, resolve }));
  }
}

/** Matches nothing, so that waiting for it means waiting for the end. */
const NEVER = /(?!)/;

const running = new Set<Process>();

// The last resort, for a second Ctrl-C and for bugs, as `Deno.exit` does not wait.
globalThis.addEventListener("unload", () => running.forEach((one) => one.signal("SIGKILL")));

/** A running process, which never outlives this one. */
export class Process implements AsyncDisposable {
  readonly pid: number;
  /** Resolves when it has ended and all of its output is read. */
  readonly ended: Promise<Outcome>;
  /**
   * Resolves when it has ended; processes that it started may continue and keep its output open.
   */
  readonly exited: Promise<Deno.CommandStatus>;
  readonly #isGroup: boolean;
  readonly #child: Deno.ChildProcess;
  readonly #out: Transcript;
  readonly #err: Transcript;
  #isOver = false;

  /**
   * Starts `command`, a program and its arguments.
   *
   * @throws {Deno.errors.NotFound} when the program does not exist
   */
  constructor(command: readonly string[], options: ProcessOptions = {}) {
    const { deadlineMs, keepChars = Infinity, onLine, ...others } = options;
    const { discardOut = false, isGroup = false, ...where } = others;
    const [program, ...args] = command;
    this.#isGroup = isGroup;
    this.#child = new Deno.Command(program, {
      ...where,
      detached: isGroup,
      args,
      stdin: "null",
      stdout: discardOut ? "null" : "piped",
      stderr: "piped",
    }).spawn();
    this.pid = this.#child.pid;
    this.exited = this.#child.status;
    running.add(this);
    const out = discardOut ? ReadableStream.from<never>([]) : this.#child.stdout;
    this.#out = new Transcript(out, keepChars, onLine);
    this.#err = new Transcript(this.#child.stderr, keepChars);
    const timer = deadlineMs && setTimeout(() => this.signal("SIGKILL"), deadlineMs);
    this.ended = this.#end().finally(() => clearTimeout(timer));
  }

  async #end(): Promise<Outcome> {
    const { code } = await this.exited;
    // The rest of a group can still be signalled until its output has ended.
    if (!this.#isGroup) this.#over();
    await Promise.all([this.#out.until(NEVER), this.#err.until(NEVER)]);
    this.#over();
    return { code, out: this.#out.text, err: this.#err.text };
  }

  #over(): void {
    this.#isOver = true;
    running.delete(this);
  }

  /** Its stdout so far, as far as kept. */
  get out(): string {
    return this.#out.text;
  }

  /** Its stderr so far, as far as kept. */
  get err(): string {
    return this.#err.text;
  }

  /** Discards its stderr so far, so that the next wait is for new output. */
  forgetErr(): void {
    this.#err.text = "";
  }

  /** Waits for text on stdout. @returns null if it ends without a match */
  untilOut(pattern: RegExp): Promise<RegExpExecArray | null> {
    return this.#out.until(pattern);
  }

  /** Waits for text on stderr. @returns null if it ends without a match */
  untilErr(pattern: RegExp): Promise<RegExpExecArray | null> {
    return this.#err.until(pattern);
  }

  /** Sends `signal`, unless it has ended. */
  signal(signal: Deno.Signal): void {
    if (this.#isOver) return;
    try {
      if (this.#isGroup) Deno.kill(-this.pid, signal);
      else this.#child.kill(signal);
    } catch (error) {
      // It has just ended.
      if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /** Asks it to end with `signal`, waits, and kills it after `stopMs`. */
  async stop(signal: Deno.Signal = "SIGTERM", stopMs = STOP_MS): Promise<Outcome> {
    this.signal(signal);
    // A stopped process would not act on the signal.
    this.signal("SIGCONT");
    const timer = setTimeout(() => this.signal("SIGKILL"), stopMs);
    try {
      return await this.ended;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Kills it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.signal("SIGKILL");
    await this.ended;
  }
}
