/**
 * Runs the command line as a person does: a process of its own, whose output is read while it runs.
 */

const MAIN = new URL("../../cli/main.ts", import.meta.url).pathname;

/** The longest wait for anything here, in ms: what takes longer has hung. */
const DEADLINE_MS = 20_000;

/** How a process ended. */
export interface Outcome {
  code: number;
  out: string;
  err: string;
}

export interface LaunchOptions {
  /** Working directory. */
  cwd?: string;
  /** Program and arguments put before the command line, as `setpriv`. */
  prefix?: readonly string[];
  /** Variables beside those of this process. */
  env?: Record<string, string>;
  /** The longest wait for the end, in ms. Default: 20,000. */
  deadlineMs?: number;
}

/** A stream's text so far, and who waits for some. */
class Transcript {
  text = "";
  #isOpen = true;
  #wake: (() => void)[] = [];

  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.#pump(stream);
  }

  async #pump(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const part of stream.pipeThrough(new TextDecoderStream())) {
      this.text += part;
      this.#notify();
    }
    this.#isOpen = false;
    this.#notify();
  }

  #notify(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  /** Waits for text that matches. @returns `null` when the stream ended before */
  async until(pattern: RegExp): Promise<RegExpExecArray | null> {
    for (;;) {
      const match = pattern.exec(this.text);
      if (match !== null || !this.#isOpen) return match;
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  /** All of it. */
  async whole(): Promise<string> {
    await this.until(/(?!)/);
    return this.text;
  }
}

/** Runs `ktcp` with `args`. */
export class Launched implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #out: Transcript;
  readonly #err: Transcript;
  readonly #watchdog: ReturnType<typeof setTimeout>;
  #isOver = false;

  constructor(
    args: readonly string[],
    { cwd, prefix = [], env, deadlineMs = DEADLINE_MS }: LaunchOptions = {},
  ) {
    // Quiet: with an empty cache, deno tells of what it downloads.
    const deno = [Deno.execPath(), "run", "--quiet", "-A"];
    const [program, ...rest] = [...prefix, ...deno, MAIN, ...args];
    this.#process = new Deno.Command(program, {
      args: rest,
      cwd,
      env,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#out = new Transcript(this.#process.stdout);
    this.#err = new Transcript(this.#process.stderr);
    this.#watchdog = setTimeout(() => this.kill("SIGKILL"), deadlineMs);
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Sends a signal; nothing happens when the process has ended. */
  kill(signal: Deno.Signal): void {
    if (this.#isOver) return;
    try {
      this.#process.kill(signal);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
  }

  /** Waits for the process to end. */
  async ended(): Promise<Outcome> {
    const [{ code }, out, err] = await Promise.all([
      this.#process.status,
      this.#out.whole(),
      this.#err.whole(),
    ]);
    this.#isOver = true;
    clearTimeout(this.#watchdog);
    return { code, out, err };
  }

  /** Sends a signal and waits for the process to end. */
  stop(signal: Deno.Signal = "SIGTERM"): Promise<Outcome> {
    this.kill(signal);
    return this.ended();
  }

  /** Waits for text on stdout. @throws when the process ends without it */
  untilOut(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#until(this.#out, pattern);
  }

  /** Waits for text on stderr. @throws when the process ends without it */
  untilErr(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#until(this.#err, pattern);
  }

  async #until(transcript: Transcript, pattern: RegExp): Promise<RegExpExecArray> {
    const match = await transcript.until(pattern);
    if (match !== null) return match;
    throw new Error(`ktcp ended without ${pattern}: ${this.#out.text}${this.#err.text}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.ended();
  }
}

/** Runs `ktcp` to its end. */
export function run(args: readonly string[], options: LaunchOptions = {}): Promise<Outcome> {
  return new Launched(args, options).ended();
}

/** A server that is ready. */
export interface LaunchedServer extends AsyncDisposable {
  process: Launched;
  /** As the readiness line has it. */
  address: string;
  /** 0 for a Unix domain socket. */
  port: number;
}

/** Starts `ktcp echo` or `ktcp http` on a port of the system's choice and waits until it is ready. */
export async function launchServer(
  [name, ...args]: readonly string[],
  options: LaunchOptions = {},
): Promise<LaunchedServer> {
  const port = args.includes("--unix") || args.includes("--port") ? [] : ["--port", "0"];
  const process = new Launched([name, ...port, ...args], options);
  try {
    const [, address] = await process.untilOut(/^ktcp \w+: listening on (.+)\n/);
    return {
      process,
      address,
      port: Number(/:(\d+)$/.exec(address)?.[1] ?? 0),
      [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
    };
  } catch (error) {
    await process[Symbol.asyncDispose]();
    throw error;
  }
}

/** Why a test that runs `command` cannot, `undefined` when it can. */
export function whyNot(command: readonly string[]): string | undefined {
  const [program, ...args] = command;
  try {
    const { success } = new Deno.Command(program, { args, stdout: "null", stderr: "null" })
      .outputSync();
    return success ? undefined : `${command.join(" ")} fails`;
  } catch {
    return `no ${program}`;
  }
}
