/**
 * `--target-c FILE.c`: a server in C, such as a student's `user-echo-server.c`, is compiled with the
 * system's compiler and runs in a process of its own during an experiment.
 */
import { basename, join } from "node:path";
import { InvalidArgumentError } from "commander";
import type { ForeignTarget } from "../../bench/lab/lab.ts";
import { LOOPBACK } from "../../system/address.ts";
import { type Outcome, Process } from "../../system/process.ts";
import { listeningSockets } from "../../system/sockets/listening_sockets.ts";
import { sleep } from "../../system/wait.ts";
import { Failure } from "../shared/failure.ts";
import { dropTimeWait } from "../../system/sockets/port_sockets.ts";
import { probeTarget } from "./targets.ts";

/** Compilers by name, in the order in which they are tried; `CC` in the environment comes first. */
const COMPILERS = ["cc", "gcc", "clang"];

/** As the originals' Makefile, but optimized. */
const FLAGS = ["-O2", "-pthread"];

/** How long compiling may take, in ms. */
const COMPILE_MS = 30_000;

/** How long a server may take until it listens, in ms. */
const START_MS = 5000;

/** How often that is checked, in ms. */
const POLL_MS = 20;

/** How long it may take to end when it is told to, in ms: it has nothing to finish. */
const STOP_MS = 500;

/** Lines of a compiler's messages, or of a server's, that are shown. */
const SHOWN_LINES = 5;
const KEEP = { keepChars: 4096 };

/** Parses a `--target-c` and adds it to those before it. */
export function parseSource(path: string, previous: string[] = []): string[] {
  if (!/[^/]\.c$/.test(path)) {
    throw new InvalidArgumentError("Name a C file, like user-echo-server.c.");
  }
  if (previous.some((other) => nameOf(other) === nameOf(path))) {
    throw new InvalidArgumentError(
      `There is a '${nameOf(path)}' already; rename one of the files.`,
    );
  }
  return [...previous, path];
}

/** What tables call the server of `path`: with the suffix, unlike its rebuild in lab `originals`. */
export function nameOf(path: string): string {
  return basename(path);
}

/** A server that was compiled, in a temporary folder. */
export class CompiledServer implements AsyncDisposable {
  readonly name: string;
  readonly #path: string;
  readonly #folder: string;
  #process: Process | undefined;
  #port = 0;

  private constructor(path: string, folder: string) {
    this.name = nameOf(path);
    this.#path = path;
    this.#folder = folder;
  }

  /**
   * Compiles `path`.
   *
   * @throws {Failure} when there is no such file or no compiler, or it cannot be compiled
   */
  static async compile(path: string): Promise<CompiledServer> {
    await checkSource(path);
    const folder = await Deno.makeTempDir({ prefix: "ktcp-lab-" });
    const server = new CompiledServer(path, folder);
    try {
      const { compiler, outcome } = await compile(path, server.#program);
      if (outcome.code !== 0) {
        const messages = outcome.err.trim();
        const what = messages === "" ? `nothing within ${COMPILE_MS / 1000} s` : head(messages);
        throw new Failure(`Cannot compile --target-c '${path}': ${compiler} says ${what}`);
      }
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * Starts a process, and waits until it listens, on whichever port.
   *
   * @throws {Failure} when it does not, or speaks neither HTTP nor echo
   */
  async start(): Promise<ForeignTarget> {
    const process = new Process([this.#program], {
      ...KEEP,
      cwd: this.#folder,
      discardOut: true,
    });
    this.#process = process;
    const socket = await this.#listener(process);
    this.#port = socket.localPort;
    return await probeTarget({
      name: this.name,
      hostname: hostOf(socket.localAddress),
      port: socket.localPort,
    });
  }

  /** Why its process has ended; null while it runs. */
  async end(): Promise<string | null> {
    const process = this.#process;
    if (process === undefined) return null;
    const outcome = await Promise.race([process.ended, sleep(0)]);
    return outcome ? endOf(outcome) : null;
  }

  /** Ends its process, if it runs. */
  async stop(): Promise<void> {
    await this.#process?.stop("SIGTERM", STOP_MS);
    this.#process = undefined;
    if (this.#port > 0) dropTimeWait(this.#port);
  }

  /** Ends its process and removes the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await Deno.remove(this.#folder, { recursive: true }).catch(() => {});
  }

  get #program(): string {
    return join(this.#folder, "server");
  }

  async #listener(process: Process) {
    const cannot = (why: string) => new Failure(`Cannot start --target-c '${this.#path}': ${why}`);
    const endMs = performance.now() + START_MS;
    while (performance.now() < endMs) {
      const [socket] = listeningSockets(process.pid);
      if (socket) return socket;
      const outcome = await Promise.race([process.ended, sleep(POLL_MS)]);
      if (outcome) {
        throw cannot(
          `${endOf(outcome)}. If its port is in use, end what uses it, or wait a minute`,
        );
      }
    }
    throw cannot(`it listens on no TCP port after ${START_MS / 1000} s`);
  }
}

async function checkSource(path: string): Promise<void> {
  try {
    if ((await Deno.stat(path)).isFile) return;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  throw new Failure(`Cannot compile --target-c '${path}': there is no such file`);
}

/** @throws {Failure} when there is no compiler */
async function compile(
  path: string,
  program: string,
): Promise<{ compiler: string; outcome: Outcome }> {
  const named = Deno.env.get("CC");
  const compilers = named ? [named] : COMPILERS;
  for (const compiler of compilers) {
    try {
      const process = new Process([compiler, ...FLAGS, "-o", program, path], {
        ...KEEP,
        deadlineMs: COMPILE_MS,
      });
      return { compiler, outcome: await process.ended };
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  throw new Failure(
    `Cannot compile --target-c '${path}': there is no C compiler (${compilers.join(", ")}); ` +
      "install one, or name it in CC",
  );
}

/** Where a client reaches a server that listens at `address`. */
function hostOf(address: string): string {
  if (address === "0.0.0.0") return LOOPBACK;
  return address === "::" ? "::1" : address;
}

function endOf({ code, err }: Outcome): string {
  const said = err.trim();
  return `it ended with exit code ${code}` + (said === "" ? "" : ` (${head(said)})`);
}

/** The first lines of what a program said, on one line. */
function head(text: string): string {
  return text.split("\n").slice(0, SHOWN_LINES).map((line) => line.trim()).join("; ");
}
