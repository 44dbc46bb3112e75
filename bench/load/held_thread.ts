/** Silent and slow connections on a thread of their own, beside a load or a view of one. */
import { formatHostPort } from "../../system/address.ts";
import { HeldCounters, type HeldCounts, MAX_HELD } from "./held_connections.ts";
import type { HeldAnswer, HeldPlan, HeldTask } from "./held_plan.ts";

/** Connections that another thread holds. */
export class HeldThread {
  readonly #counters = new HeldCounters();
  readonly #worker: Worker;
  readonly #ended = Promise.withResolvers<void>();
  #failure: string | undefined;

  /**
   * Begins to open connections.
   *
   * @throws {RangeError} when there are to be more than {@linkcode MAX_HELD}
   */
  constructor(plan: HeldPlan) {
    const count = plan.silent + plan.slow.count;
    if (count > MAX_HELD) {
      throw new RangeError(`Cannot hold ${count} connections: at most ${MAX_HELD}`);
    }
    const { hostname, port } = plan.target;
    this.#worker = new Worker(new URL("./held_worker.ts", import.meta.url), {
      type: "module",
      name: "held connections",
      deno: { permissions: { net: [formatHostPort(hostname, port)] } },
    });
    this.#worker.onmessage = ({ data }: MessageEvent<HeldAnswer>) => {
      if (data.kind === "ended") this.#ended.resolve();
      else this.#failure ??= data.message;
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#failure ??= event.message;
      this.#ended.resolve();
    };
    const task: HeldTask = {
      ...plan,
      // Copied, because the target may have properties that cannot be posted.
      target: { hostname, port },
      shared: this.#counters.shared,
    };
    this.#worker.postMessage(task);
  }

  /** The connections as they are now. */
  get counts(): HeldCounts {
    return this.#counters.read();
  }

  /** Why some could not be opened; undefined if there are none. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Closes open connections, and ends the thread. */
  async end(): Promise<void> {
    this.#worker.postMessage("end");
    await this.#ended.promise;
    this.#worker.terminate();
  }
}
