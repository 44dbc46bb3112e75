/**
 * A ktcp server in a process of its own, started from the command line as a user does.
 */
import { fileURLToPath } from "node:url";
import { untilReady } from "../../bench/processes/ready_line.ts";
import { Process } from "../../system/process.ts";
import { readProcessClockUs } from "../../system/linux/process_clock.ts";
import { residentBytes } from "../../system/process_usage.ts";

const MAIN = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));

/** How a server ended. */
export interface ServerEnd {
  code: number;
  /** Its output on stderr. */
  notes: string;
  /** From the call of `ended` or `stop` to its end, in ms. */
  ms: number;
}

/** A running server. */
export class ServerProcess implements AsyncDisposable {
  readonly #process: Process;

  /** @param port 0 when it listens on a Unix domain socket */
  private constructor(process: Process, readonly port: number) {
    this.#process = process;
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
    const shell = ["sh", "-c", `${limit}exec "$0" "$@"`];
    const process = new Process([...shell, Deno.execPath(), "run", "-A", MAIN, ...args]);
    const ready = await untilReady(process);
    if (ready !== null) return new ServerProcess(process, ready.port);
    throw new Error(`ktcp ${args.join(" ")} did not start: ${(await process.ended).err}`);
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Sends `signal`, unless it has ended. */
  kill(signal: Deno.Signal): void {
    this.#process.signal(signal);
  }

  /** Waits until it has ended for another reason than `stop`. */
  async ended(): Promise<ServerEnd> {
    const startMs = performance.now();
    const { code, err } = await this.#process.ended;
    return { code, notes: err, ms: performance.now() - startMs };
  }

  /** Tells it to stop and waits until it has. */
  stop(): Promise<ServerEnd> {
    this.kill("SIGTERM");
    return this.ended();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#process[Symbol.asyncDispose]();
  }

  /** Resident memory in bytes. */
  get residentBytes(): number {
    return residentBytes(this.pid);
  }

  /** CPU time of all its threads so far, in µs. */
  get cpuUs(): number {
    return readProcessClockUs(this.pid)!;
  }
}
