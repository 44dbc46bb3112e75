/** The launcher of `ktcp play`: ktcp's own servers and load clients, each a process. */
import { type SelfCommand, StartFailure } from "../../bench/processes/own_process.ts";
import { type LoadCommand, type StartedLoad, startLoad } from "../../bench/processes/load.ts";
import { startServer } from "../../bench/processes/server.ts";
import { HeldThread } from "../../bench/load/held_thread.ts";
import type { LoadSample } from "../../bench/load_sample.ts";
import { LOOPBACK } from "../../system/address.ts";
import { FRAME_MS, type LoadSetup, type LoadView, type ServerSetup } from "../protocol.ts";
import { type Launcher, type LoadChild, type LoadTarget, StartError } from "./children.ts";

/** Options of `ktcp echo` and `ktcp http` for `setup`. */
export function serverArgs(setup: ServerSetup): string[] {
  const { service, engine, model, workUs, workKind } = setup;
  const options: Record<string, string | number> = {
    engine,
    model,
    backlog: setup.backlog,
    "max-connections": setup.maxConnections,
    "idle-timeout": `${setup.idleTimeoutMs}ms`,
  };
  if (model === "per-core") options.workers = setup.workers;
  const isPool = model === "shared-pool" || model === "per-connection";
  if (isPool) options["max-active"] = setup.maxActive;
  if (service === "echo") options.buffer = setup.bufferBytes;
  if (workUs > 0) Object.assign(options, { work: `${workUs}us`, "work-kind": workKind });
  if (setup.writes !== undefined) options.writes = setup.writes;
  const bound = isPool && setup.queue === "bound" ? ["--wq-flags", "0"] : [];
  const sending = setup.sending === undefined ? [] : [`--${setup.sending}`];
  return [...argsOf(options), ...bound, ...sending];
}

/** Where a load goes, in a command line that is run, or one that is only shown. */
export interface LoadPlace {
  setup: Pick<ServerSetup, "service">;
  port: number | string;
}

/** The command line of a load, without `ktcp`. */
export function loadCommand(
  { setup: { service }, port }: LoadPlace,
  load: LoadSetup,
): [command: LoadCommand, ...args: string[]] {
  return service === "echo"
    ? ["bench", ...benchArgs(port, load)]
    : ["htstress", ...htstressArgs(port, load)];
}

/** More rounds, or messages, than a load gets through: it is stopped when its time is over. */
const ENDLESS = { rounds: 1_000_000, messages: 1_000_000_000 };

/** Options of `ktcp bench` for a load on an echo server. */
function benchArgs(port: number | string, load: LoadSetup): string[] {
  const { isKeepAlive, ratePerSecond } = load;
  return argsOf({
    host: LOOPBACK,
    port,
    threads: load.clients,
    size: load.messageBytes,
    rounds: isKeepAlive ? 1 : ENDLESS.rounds,
    messages: isKeepAlive ? ENDLESS.messages : 1,
    ...(ratePerSecond > 0 && { rate: ratePerSecond }),
  });
}

/** Options of `ktcp htstress` for a load on an HTTP server. */
function htstressArgs(port: number | string, load: LoadSetup): string[] {
  return [
    ...argsOf({
      concurrency: load.clients,
      duration: `${load.durationMs}ms`,
      ...(load.ratePerSecond > 0 && { rate: load.ratePerSecond }),
    }),
    ...(load.isKeepAlive ? ["--keep-alive"] : []),
    `http://${LOOPBACK}:${port}/`,
  ];
}

function argsOf(options: Record<string, string | number>): string[] {
  return Object.entries(options).flatMap(([name, value]) => [`--${name}`, `${value}`]);
}

/** Starts processes with `self`, the command that starts ktcp. */
export function ownLauncher(self: SelfCommand): Launcher {
  const start = <T>(setup: ServerSetup, how: readonly string[], onJson: (value: T) => void) =>
    told(() =>
      startServer(setup.service, [...serverArgs(setup), ...how], {
        self,
        onSample: (value) => onJson(value as T),
      })
    );
  return {
    startServer: (setup, onSample) => start(setup, ["--sample", `${FRAME_MS}`], onSample),
    startTraced: (setup, onTrace) => start(setup, ["--trace"], onTrace),
    startLoad: (target, load, onSample) => {
      try {
        return new OwnLoad(target, load, { self, onSample });
      } catch (error) {
        throw asStartError(error);
      }
    },
  };
}

/** How long a load may take to begin, in ms: its process has to start, and its clients to connect. */
const MAX_START_MS = 15_000;

/** How often a slow client sends a byte, in ms. */
const SLOW_MS = 1000;

/** A load client that runs, with silent and slow clients beside it, and ends when its time is over. */
class OwnLoad implements LoadChild {
  readonly pid: number;
  readonly ended: LoadChild["ended"];
  readonly #load: StartedLoad;
  readonly #command: LoadCommand;
  readonly #setup: LoadSetup;
  readonly #held: HeldThread | undefined;
  /** How many clients were held at the end. */
  #lastHeld: LoadView["held"] | undefined;
  #timer: ReturnType<typeof setTimeout>;
  #hasBegun = false;

  /** @throws {StartFailure} when there is no such program */
  constructor(
    target: LoadTarget,
    setup: LoadSetup,
    { self, onSample }: { self: SelfCommand; onSample: (sample: LoadSample) => void },
  ) {
    const [command, ...args] = loadCommand(target, setup);
    this.#command = command;
    this.#setup = setup;
    this.#load = startLoad(command, args, {
      self,
      sampleMs: FRAME_MS,
      onSample: (sample) => {
        if (!this.#hasBegun) this.#begin(sample.startMs);
        onSample(sample);
      },
    });
    this.pid = this.#load.pid;
    this.#held = hold(target, setup);
    this.#timer = this.#stopAfter(setup.durationMs + MAX_START_MS);
    this.ended = this.#end();
  }

  get held(): LoadView["held"] {
    if (this.#lastHeld !== undefined) return this.#lastHeld;
    const { open, closed } = this.#held?.counts ?? NONE_HELD;
    return { open, closed };
  }

  get heldFailure(): string | undefined {
    const failure = this.#held?.failure;
    return failure && `Silent and slow clients: ${failure}`;
  }

  async stop(): Promise<void> {
    await this.#load.stop();
    await this.ended;
  }

  async #end() {
    const end = await this.#load.ended;
    clearTimeout(this.#timer);
    this.#lastHeld = this.held;
    await this.#held?.end();
    return end;
  }

  /** Its duration counts from its first interval, which began at `startMs`, in ms since the epoch. */
  #begin(startMs: number): void {
    this.#hasBegun = true;
    clearTimeout(this.#timer);
    const goneMs = performance.timeOrigin + performance.now() - startMs;
    // An HTTP load ends by itself, when what is in flight has been answered.
    const spareMs = this.#command === "bench" ? 0 : MAX_START_MS;
    this.#timer = this.#stopAfter(Math.max(0, this.#setup.durationMs + spareMs - goneMs));
  }

  #stopAfter(ms: number): ReturnType<typeof setTimeout> {
    return setTimeout(() => this.#load.stop(), ms);
  }
}

const NONE_HELD: LoadView["held"] = { open: 0, closed: 0 };

/** Opens the silent and slow clients of `setup`, if there are any. */
function hold(
  { setup: { service }, port }: LoadTarget,
  { silentClients, slowClients }: LoadSetup,
): HeldThread | undefined {
  if (silentClients + slowClients === 0) return undefined;
  const what = service === "echo" ? "message" : "head";
  return new HeldThread({
    target: { hostname: LOOPBACK, port },
    silent: silentClients,
    slow: { count: slowClients, sends: { what, everyMs: SLOW_MS } },
  });
}

async function told<T>(start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    throw asStartError(error);
  }
}

function asStartError(error: unknown): unknown {
  return error instanceof StartFailure ? new StartError(error.message) : error;
}
