/** Takes samples of a server. */
import { connectionColumns } from "../net/connection_list.ts";
import { sumCounters } from "../net/counters.ts";
import { MAX_LISTED, type RunningServer } from "./running_server.ts";
import type { ServerSample } from "./server_sample.ts";
import type { ThreadWatch } from "./thread_watch.ts";

/** How long threads have to answer, in ms; less than the interval between samples. */
const PATIENCE_MS = 10;

/** Takes samples of `server`, whose threads `watch` watches. */
export class Sampler {
  readonly #server: Pick<RunningServer, "observe">;
  readonly #watch: ThreadWatch;
  /** CPU time of this thread when it began to take samples. */
  readonly #beganUs: number;
  /** What earlier samples have cost this thread, in us. */
  #costUs = 0;

  constructor(server: Pick<RunningServer, "observe">, watch: ThreadWatch) {
    this.#server = server;
    this.#watch = watch;
    this.#beganUs = watch.ownCpuUs();
  }

  /**
   * Takes a sample of what the server does now.
   *
   * @param write is given a {@linkcode ServerSample} as a line of JSON with its line feed. The cost
   * of a sample is reported in the next one.
   */
  async take(write: (line: string) => void): Promise<void> {
    const startUs = this.#watch.ownCpuUs();
    const atMs = performance.timeOrigin + performance.now();
    const look = { patienceMs: PATIENCE_MS, maxConnections: MAX_LISTED };
    const { threads, queue, connections, costUs } = await this.#server.observe(look);
    // If this thread serves no connections, all its CPU time is the cost of samples, including the
    // runtime's own turns.
    const ownUs = threads[0]?.name === "main" ? this.#costUs : startUs - this.#beganUs;
    const sample: ServerSample = {
      atMs,
      counters: sumCounters(threads.flatMap(({ counters }) => counters ?? [])),
      threads,
      queue,
      connections: connectionColumns(connections),
      costUs: Math.round(ownUs + costUs),
    };
    write(JSON.stringify(sample) + "\n");
    const spentUs = this.#watch.ownCpuUs() - startUs;
    this.#costUs += spentUs;
    this.#watch.charge(spentUs);
  }
}
