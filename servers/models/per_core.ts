/**
 * Model `per-core`: a Worker on each core with a listener of its own on the same port, between
 * which the kernel spreads the connections (SO_REUSEPORT). Nothing is shared but the count of
 * connections: locality, as kecho with `bench=1` and a bound workqueue has it.
 *
 * Each Worker runs one long item of a bound queue, `serve`. When it crashes, its connections are
 * lost, and the item is queued again on the same core.
 */
import { type Counters, zeroCounters } from "../connection.ts";
import type { ListenOptions } from "../engine.ts";
import { denoEngine } from "../engines/deno.ts";
import type { ServerOptions } from "../options.ts";
import {
  allocWorkqueue,
  destroyWorkqueue,
  queueWorkOn,
  sendToWork,
  Work,
  WorkerPools,
  type Workqueue,
} from "../workqueue/mod.ts";
import type { ServeCommand, ServeData, ServeMessage, ServeResult } from "./messages.ts";
import { failureOf, type RunningServer, type ThreadReport } from "./model.ts";
import { workerPermissions } from "./permissions.ts";

/** An error of the system by its class, to be thrown on this side as it was on the other. */
function systemError(reason: string): Error {
  const match = /^(\w+): (.*)$/s.exec(reason);
  const errors = Deno.errors as unknown as Record<string, new (message: string) => Error>;
  const ErrorClass = match && errors[match[1]];
  return ErrorClass ? new ErrorClass(match[2]) : new Error(reason);
}

/** One Worker's server, as the owner sees it. */
class CoreServer {
  readonly #work: Work<ServeData, ServeResult>;
  readonly #queue: Workqueue;
  readonly #cpu: number;
  readonly #onCrash: (reason: string) => void;
  #listening = Promise.withResolvers<{ address: string; port: number }>();
  #ended = Promise.withResolvers<ServeResult>();
  #report: PromiseWithResolvers<Counters> | undefined;
  #result: ServeResult | undefined;
  #isUp = false;
  #isStopping = false;

  constructor(
    data: ServeData,
    { queue, onCrash }: { queue: Workqueue; onCrash: (reason: string) => void },
  ) {
    this.#queue = queue;
    this.#cpu = data.index;
    this.#onCrash = onCrash;
    this.#work = new Work("serve", data, {
      onResult: (result) => {
        this.#result = result;
        this.#ended.resolve(result);
      },
      onError: (error) => this.#failed(error.reason),
      onMessage: (message) => this.#receive(message as ServeMessage),
    });
  }

  /** Starts to listen. @throws the system's error when the address cannot be bound */
  start(): Promise<{ address: string; port: number }> {
    queueWorkOn(this.#cpu, this.#queue, this.#work);
    return this.#listening.promise;
  }

  /** What it counted so far. */
  report(): Promise<Counters> {
    if (this.#result !== undefined) return Promise.resolve(this.#result.counters);
    this.#report ??= Promise.withResolvers();
    sendToWork(this.#work, { kind: "report" } satisfies ServeCommand);
    return this.#report.promise;
  }

  stop(graceMs: number): Promise<ServeResult> {
    this.#isStopping = true;
    if (!sendToWork(this.#work, { kind: "stop", graceMs } satisfies ServeCommand)) {
      this.#ended.resolve({ counters: zeroCounters(), cut: 0 });
    }
    return this.#ended.promise;
  }

  #receive(message: ServeMessage): void {
    if (message.kind === "report") {
      this.#report?.resolve(message.counters);
      this.#report = undefined;
      return;
    }
    this.#isUp = true;
    this.#listening.resolve(message);
  }

  #failed(reason: string): void {
    this.#report?.resolve(zeroCounters());
    this.#report = undefined;
    if (!this.#isUp) {
      this.#listening.reject(systemError(reason));
      return;
    }
    Atomics.store(this.#work.data.counts, this.#cpu, 0);
    if (this.#isStopping) {
      this.#ended.resolve({ counters: zeroCounters(), cut: 0 });
      return;
    }
    this.#onCrash(reason);
    queueWorkOn(this.#cpu, this.#queue, this.#work);
  }
}

/**
 * With SO_REUSEPORT a second server of the same user could bind the port too, and take half of the
 * first one's connections: so it is tried without.
 *
 * @throws the system's error when the port is in use
 */
function checkPort(listen: ListenOptions): void {
  denoEngine.listen({ ...listen, reusePort: false }).close();
}

/**
 * Starts a server on `workers` Workers.
 *
 * @throws the system's error when the address cannot be bound
 */
export async function servePerCore(
  options: ServerOptions,
  { workers, onNote }: { workers: number; onNote: (note: string) => void },
): Promise<RunningServer> {
  const pools = new WorkerPools({
    entry: new URL("./worker.ts", import.meta.url),
    permissions: workerPermissions(options),
    cpus: workers,
    // A server's item runs as long as the server: it is never too long.
    cpuIntensiveThreshUs: Infinity,
  });
  const queue = allocWorkqueue("ktcp_per_core", { pools, maxActive: 1 });
  const counts = new Int32Array(new SharedArrayBuffer(4 * workers));
  const failure = Promise.withResolvers<void>();
  const onCrash = (reason: string) =>
    onNote(`a Worker crashed and is replaced; its connections are lost: ${reason}`);
  const servers: CoreServer[] = [];
  const startOne = (index: number, port: number) => {
    const listen = { ...options.listen, port, reusePort: workers > 1 };
    const data = { options: { ...options, listen }, counts, index };
    const server = new CoreServer(data, { queue, onCrash });
    servers.push(server);
    return server.start();
  };
  try {
    if (workers > 1 && options.listen.port !== 0) checkPort(options.listen);
    // The first one chooses the port, if it is to be chosen.
    const { address, port } = await startOne(0, options.listen.port);
    await Promise.all(Array.from({ length: workers - 1 }, (_, i) => startOne(i + 1, port)));
    return {
      address,
      port,
      failed: failureOf(failure.promise),
      reports: async () => {
        const counters = await Promise.all(servers.map((server) => server.report()));
        return counters.map((one, i): ThreadReport => ({ name: `kworker/${i}:0`, counters: one }));
      },
      stop: async (graceMs) => {
        const results = await Promise.all(servers.map((server) => server.stop(graceMs)));
        await destroyWorkqueue(queue);
        return results.reduce((sum, { cut }) => sum + cut, 0);
      },
    };
  } catch (error) {
    await Promise.allSettled(servers.map((server) => server.stop(0)));
    await destroyWorkqueue(queue);
    throw error;
  }
}
