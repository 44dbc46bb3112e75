/** Takes samples of a server. */
import { connectionColumns } from "../net/connection_list.ts";
import { sumCounters } from "../net/counters.ts";
import { MAX_LISTED, type RunningServer } from "./running_server.ts";
import type { ServerSample } from "./server_sample.ts";
import type { ThreadWatch } from "./thread_watch.ts";

/** So long threads have to answer, in ms: less than samples are apart. */
const PATIENCE_MS = 10;

/** Samples of `server`, whose threads `watch` watches. */
export class Sampler {
  readonly #server: Pick<RunningServer, "observe">;
  readonly #watch: ThreadWatch;
  #costUs = 0;

  constructor(server: Pick<RunningServer, "observe">, watch: ThreadWatch) {
    this.#server = server;
    this.#watch = watch;
  }

  /** What the server does now, as a line of JSON with its line feed: a {@linkcode ServerSample}. */
  async line(): Promise<string> {
    const startUs = this.#watch.ownCpuUs();
    const atMs = performance.timeOrigin + performance.now();
    const look = { patienceMs: PATIENCE_MS, maxConnections: MAX_LISTED };
    const { threads, queue, connections, costUs } = await this.#server.observe(look);
    const sample: ServerSample = {
      atMs,
      counters: sumCounters(threads.flatMap(({ counters }) => counters ?? [])),
      threads,
      queue,
      connections: connectionColumns(connections),
      costUs: Math.round(this.#costUs + costUs),
    };
    const line = JSON.stringify(sample) + "\n";
    const spentUs = this.#watch.ownCpuUs() - startUs;
    this.#costUs += spentUs;
    this.#watch.charge(spentUs);
    return line;
  }
}
