/** Starts the server to be judged, restarts it when it has died, and ends it. */
import { Process } from "../../system/process.ts";
import { listenerPid } from "../../system/sockets/listening_processes.ts";
import { settledWithin, sleep } from "../../system/wait.ts";
import { Peer } from "./peer.ts";
import { ProcessTree } from "./process.ts";
import type { ServerProcess, Supervisor, Target } from "./target.ts";

/** How long a server may take until it accepts connections, in ms. */
const READY_MS = 10_000;

/** Interval at which it is checked whether the server accepts or has ended, in ms. */
const LOOK_MS = 10;

/** How long to look for the process that listens, in ms. */
const FIND_MS = 1000;

/** How long to wait for a killed process group to end, in ms. */
const KILL_MS = 2000;

/** Characters kept of the server's output, to be shown when it does not start. */
const KEPT_CHARS = 2000;

/** A server that was started with a command. */
export class ServerSupervisor implements Supervisor, AsyncDisposable {
  readonly #command: string;
  readonly #address: Target["address"];
  #process!: Process;
  #server: ProcessTree | undefined;
  #ended: string | undefined;

  private constructor(command: string, address: Target["address"]) {
    this.#command = command;
    this.#address = address;
  }

  /**
   * Starts `command` in a shell, with `PORT` set to the port of `address`.
   *
   * @throws {Error} when another server is there already, or it does not accept connections
   */
  static async start(command: string, address: Target["address"]): Promise<ServerSupervisor> {
    const supervisor = new ServerSupervisor(command, address);
    if (await supervisor.#accepts()) {
      throw new Error(
        `another server listens on port ${address.port}; end it, or name another port`,
      );
    }
    try {
      await supervisor.#start();
    } catch (error) {
      await supervisor[Symbol.asyncDispose]();
      throw error;
    }
    return supervisor;
  }

  get ended(): string | undefined {
    return this.#ended;
  }

  /** The process that listens, which may be a child of the shell; undefined before it does. */
  get process(): ServerProcess | undefined {
    return this.#server;
  }

  async restart(): Promise<void> {
    await this.#kill();
    await this.#start();
  }

  async terminate(timeoutMs: number): Promise<{ how: string; afterMs: number } | null> {
    const startMs = performance.now();
    this.#terminate();
    while (this.#isRunning()) {
      if (performance.now() - startMs > timeoutMs) return null;
      await sleep(LOOK_MS);
    }
    const afterMs = performance.now() - startMs;
    // The shell, if there is one, ends after the server and reports how the server ended.
    for (let i = 0; i < 20 && this.#ended === undefined; i++) await sleep(LOOK_MS);
    return { how: this.#ended ?? "it ended", afterMs };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#kill();
  }

  #isRunning(): boolean {
    return this.#ended === undefined && (this.#server === undefined || this.#server.isRunning);
  }

  async #start(): Promise<void> {
    const process = new Process(["sh", "-c", this.#command], {
      env: { PORT: String(this.#address.port) },
      isGroup: true,
      keepChars: KEPT_CHARS,
    });
    this.#process = process;
    this.#ended = undefined;
    this.#server = undefined;
    void process.exited.then((status) => {
      if (this.#process === process) this.#ended = describe(status);
    });
    await this.#untilReady(process);
    this.#server = new ProcessTree(await this.#findListener() ?? process.pid);
  }

  /**
   * The process that listens. A server may close its first socket, which only tested the port, and
   * open others after the first connection was accepted, so the search is repeated for a while.
   */
  async #findListener(): Promise<number | undefined> {
    for (const untilMs = performance.now() + FIND_MS;;) {
      const pid = listenerPid(this.#address);
      if (pid !== undefined || performance.now() > untilMs) return pid;
      await sleep(LOOK_MS);
    }
  }

  /** Sends SIGTERM to the process that listens now, or to the whole group if it is not known. */
  #terminate(): void {
    const pid = listenerPid(this.#address);
    if (pid === undefined) return this.#process.signal("SIGTERM");
    try {
      Deno.kill(pid, "SIGTERM");
      this.#server = new ProcessTree(pid);
    } catch {
      // It has ended meanwhile.
    }
  }

  /** @throws {Error} which shows the server's output, when it ends or does not listen in time */
  async #untilReady(process: Process): Promise<void> {
    const { port } = this.#address;
    const untilMs = performance.now() + READY_MS;
    for (;;) {
      const accepts = await this.#accepts();
      if (this.#ended !== undefined) {
        // Its last output may still be on its way.
        await sleep(LOOK_MS);
        throw new Error(
          `'${this.#command}' ended (${this.#ended}) before it served port ${port}; it has to ` +
            `listen on $PORT and to stay in the foreground${lastWords(process)}`,
        );
      }
      if (accepts) return;
      if (performance.now() > untilMs) {
        throw new Error(
          `'${this.#command}' accepts no connections on port ${port} after ${READY_MS / 1000} s; ` +
            `it has to listen on $PORT${lastWords(process)}`,
        );
      }
      await sleep(LOOK_MS);
    }
  }

  async #accepts(): Promise<boolean> {
    try {
      using _peer = await Peer.connect(this.#address, { timeoutMs: 1000 });
      return true;
    } catch {
      return false;
    }
  }

  /** Kills it and all processes that it started. */
  async #kill(): Promise<void> {
    this.#process?.signal("SIGKILL");
    // A process that left the group may keep the output open forever.
    if (this.#process !== undefined) await settledWithin(this.#process.ended, KILL_MS);
  }
}

/**
 * How a process ended. A shell reports the signal that ended its child as 128 plus the signal's
 * number.
 */
function describe({ code, signal }: Deno.CommandStatus): string {
  if (signal !== null) return signal;
  return SIGNALS[code] ?? `exit code ${code}`;
}

const SIGNALS: Readonly<Record<number, string>> = {
  129: "SIGHUP",
  130: "SIGINT",
  131: "SIGQUIT",
  132: "SIGILL",
  134: "SIGABRT",
  135: "SIGBUS",
  136: "SIGFPE",
  137: "SIGKILL",
  139: "SIGSEGV",
  141: "SIGPIPE",
  143: "SIGTERM",
};

function lastWords({ err, out }: Process): string {
  const text = (err.trim() || out.trim()).split("\n").slice(-3).join(" ");
  return text === "" ? "" : `; it said: ${text}`;
}
