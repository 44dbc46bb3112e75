/** Starts and stops the thread that attacks. */
import type { AttackCounts, AttackOrder, AttackResult } from "./attack_worker.ts";

/** Attacks that are under way. */
export class Attackers {
  readonly #worker = new Worker(new URL("./attack_worker.ts", import.meta.url), { type: "module" });
  readonly #ended = Promise.withResolvers<AttackCounts>();

  constructor(order: AttackOrder) {
    this.#ended.promise.catch(() => {});
    this.#worker.onmessage = ({ data }: MessageEvent<AttackResult>) => {
      if ("counts" in data) this.#ended.resolve(data.counts);
      else this.#ended.reject(new Error(data.fault));
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#ended.reject(new Error(`The attackers failed: ${event.message}`));
    };
    this.#worker.postMessage(order);
  }

  /** Closes all their connections. @returns how many each attack had made @throws when one failed */
  async stop(): Promise<AttackCounts> {
    this.#worker.postMessage("stop");
    try {
      return await this.#ended.promise;
    } finally {
      this.#worker.terminate();
    }
  }
}
