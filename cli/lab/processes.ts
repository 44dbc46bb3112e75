/** Processes that an experiment starts: each is ended by its number, whatever happens. */

/** How long a process may take to end when it is asked to. */
const STOP_MS = 5000;

/** What is kept of what a process says on stderr. */
const TAIL_CHARS = 4096;

const running = new Set<LabProcess>();

// The last resort, for a second Ctrl-C and for bugs: `Deno.exit` waits for nothing.
globalThis.addEventListener("unload", () => running.forEach((one) => one.signal("SIGKILL")));

/** A running process, with its output as text. */
export class LabProcess {
  readonly pid: number;
  /** Resolves with the exit code when it has ended and all of its stderr is read. */
  readonly ended: Promise<number>;
  readonly #child: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  #stderr = "";
  #isOver = false;
  #stopping: Promise<void> | undefined;

  /** @throws {Deno.errors.NotFound} when there is no such program */
  constructor(path: string, args: readonly string[], env: Record<string, string> = {}) {
    this.#child = new Deno.Command(path, {
      args: [...args],
      env,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.pid = this.#child.pid;
    running.add(this);
    this.#lines = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const reading = this.#readErrors();
    this.ended = this.#child.status.then(async ({ code }) => {
      this.#isOver = true;
      running.delete(this);
      await reading;
      return code;
    });
  }

  /** The end of what it wrote to stderr so far. */
  get stderr(): string {
    return this.#stderr;
  }

  /** Its first line on stdout; null when it ended without one. */
  async firstLine(): Promise<string | null> {
    let text = "";
    while (!text.includes("\n")) {
      const { value, done } = await this.#lines.read();
      if (done) return null;
      text += value;
    }
    // What else it prints is thrown away: a full pipe would stop it.
    this.#discard();
    return text.slice(0, text.indexOf("\n"));
  }

  /** Sends `signal`, unless it has ended. */
  signal(signal: Deno.Signal): void {
    if (this.#isOver) return;
    try {
      this.#child.kill(signal);
    } catch (error) {
      // It ended just now.
      if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /** Asks it to end with `signal`, waits, and ends it by force if it does not. */
  stop(signal: Deno.Signal = "SIGTERM"): Promise<void> {
    return this.#stopping ??= this.#stop(signal);
  }

  async #stop(signal: Deno.Signal): Promise<void> {
    // A stopped process would not get the signal.
    this.signal("SIGCONT");
    this.signal(signal);
    const timer = setTimeout(() => this.signal("SIGKILL"), STOP_MS);
    await this.ended;
    clearTimeout(timer);
  }

  async #readErrors(): Promise<void> {
    for await (const text of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
      this.#stderr = (this.#stderr + text).slice(-TAIL_CHARS);
    }
  }

  async #discard(): Promise<void> {
    while (!(await this.#lines.read()).done);
  }
}
