/** The launcher of `ktcp play`: ktcp's own servers and load clients, each a process. */
import { type SelfCommand, StartFailure } from "../../bench/processes/own_process.ts";
import { type StartedLoad, startLoad } from "../../bench/processes/load.ts";
import { startServer } from "../../bench/processes/server.ts";
import { LOOPBACK } from "../../system/address.ts";
import { FRAME_MS, type LoadSetup, type ServerSetup } from "../protocol.ts";
import { type Launcher, StartError } from "./children.ts";

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

/** Where a load goes to, in a command line that is run, or one that people read. */
export interface LoadPlace {
  setup: Pick<ServerSetup, "service">;
  port: number | string;
}

/** The command line of a load, without `ktcp`. */
export function loadCommand(
  { setup: { service }, port }: LoadPlace,
  load: LoadSetup,
): [command: "bench" | "htstress", ...args: string[]] {
  return service === "echo"
    ? ["bench", ...benchArgs(port, load)]
    : ["htstress", ...htstressArgs(port, load)];
}

/** So many rounds, or messages, never end: the load is stopped when its time is over. */
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

/** Starts processes by `self`, which is how ktcp is started. */
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
      const [command, ...args] = loadCommand(target, load);
      const end = new LoadEnd(load.durationMs);
      try {
        const child = startLoad(command, args, {
          self,
          sampleMs: FRAME_MS,
          onSample: (sample) => {
            end.began(sample.startMs);
            onSample(sample);
          },
        });
        // An HTTP load ends by itself, when what is in flight has been answered.
        if (command === "bench") end.watch(child);
        return child;
      } catch (error) {
        throw asStartError(error);
      }
    },
  };
}

/** A load may take so long until it begins, in ms: its process has to start, and its clients to connect. */
const MAX_START_MS = 15_000;

/** Stops a load of a given length, which counts from its first interval. */
class LoadEnd {
  readonly #durationMs: number;
  #child: StartedLoad | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #hasBegun = false;

  constructor(durationMs: number) {
    this.#durationMs = durationMs;
  }

  /** Stops `child` when its time is over. */
  watch(child: StartedLoad): void {
    this.#child = child;
    this.#stopAfter(this.#durationMs + MAX_START_MS);
    child.ended.then(() => clearTimeout(this.#timer));
  }

  /** Its first interval began at `startMs`, in ms since the epoch. */
  began(startMs: number): void {
    if (this.#hasBegun || this.#child === undefined) return;
    this.#hasBegun = true;
    const goneMs = performance.timeOrigin + performance.now() - startMs;
    this.#stopAfter(Math.max(0, this.#durationMs - goneMs));
  }

  #stopAfter(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#child?.stop(), ms);
  }
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
