/**
 * A ktcp server in a process of its own, started from the command line as a person does.
 */
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));

/** How a server ended. */
export interface ServerEnd {
  code: number;
  /** What it said on stderr. */
  notes: string;
  /** From the signal to the end, in ms. */
  ms: number;
}

/** A running server. */
export class ServerProcess implements AsyncDisposable {
  /** 0 when it listens on a Unix domain socket. */
  readonly port: number;
  readonly #child: Deno.ChildProcess;
  readonly #notes: Promise<string>;
  readonly #status: Promise<Deno.CommandStatus>;

  private constructor(child: Deno.ChildProcess, port: number, notes: Promise<string>) {
    this.#child = child;
    this.port = port;
    this.#notes = notes;
    this.#status = child.status;
  }

  /**
   * Starts `ktcp` with `args` and waits until it listens.
   *
   * @param openFiles `ulimit -n` of the server
   * @throws when it ends before that
   */
  static async start(
    args: readonly string[],
    { openFiles }: { openFiles?: number } = {},
  ): Promise<ServerProcess> {
    const limit = openFiles === undefined ? "" : `ulimit -n ${openFiles} && `;
    const child = new Deno.Command("sh", {
      args: ["-c", `${limit}exec "$0" "$@"`, Deno.execPath(), "run", "-A", MAIN, ...args],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const notes = new Response(child.stderr).text();
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let line = "";
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      line += part.value;
      if (line.includes("\n")) break;
    }
    reader.cancel();
    if (!line.includes("listening on")) {
      throw new Error(`ktcp ${args.join(" ")} did not start: ${await notes}`);
    }
    return new ServerProcess(child, Number(/:(\d+)\n/.exec(line)?.[1] ?? 0), notes);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Sends `signal`. */
  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Waits for the end, which somebody else has caused. */
  async ended(): Promise<ServerEnd> {
    const startMs = performance.now();
    const { code } = await this.#status;
    return { code, notes: await this.#notes, ms: performance.now() - startMs };
  }

  /** Tells it to stop and waits until it has. */
  stop(): Promise<ServerEnd> {
    this.kill("SIGTERM");
    return this.ended();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#status;
  }

  /** Resident memory in bytes. */
  get residentBytes(): number {
    const status = Deno.readTextFileSync(`/proc/${this.pid}/status`);
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)![1]) * 1024;
  }

  /** CPU time of all its threads so far, in µs; the kernel counts in ticks of 10 ms. */
  get cpuUs(): number {
    const stat = Deno.readTextFileSync(`/proc/${this.pid}/stat`);
    // The command in parentheses may hold anything; fields count from behind it.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * 10_000;
  }
}
