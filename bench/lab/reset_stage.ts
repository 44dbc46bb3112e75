/** The caller's side of the Worker that plays the cases of `reset_cases.ts`. */
import type { ResetAnswer, ResetOrder } from "./reset_worker.ts";

/** A thread that plays the cases, in a network namespace of its own if permitted. */
export class ResetStage implements Disposable {
  readonly #worker: Worker;
  /** Why the thread shares this process's network namespace; null if it has its own. */
  readonly refusal: string | null;

  private constructor(worker: Worker, refusal: string | null) {
    this.#worker = worker;
    this.refusal = refusal;
  }

  /** Starts the thread. */
  static async start(): Promise<ResetStage> {
    const worker = new Worker(new URL("./reset_worker.ts", import.meta.url), {
      type: "module",
      name: "ktcp lab resets",
    });
    const answer = await ask(worker, { kind: "prepare" }, "prepared");
    return new ResetStage(worker, answer.refusal);
  }

  /** Plays a case. @throws {Error} when a step fails that should succeed */
  async play(order: Omit<ResetOrder & { kind: "play" }, "kind">) {
    const { tally, counters } = await ask(this.#worker, { kind: "play", ...order }, "played");
    return { tally, counters };
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}

function ask<Kind extends ResetAnswer["kind"]>(
  worker: Worker,
  order: ResetOrder,
  kind: Kind,
): Promise<ResetAnswer & { kind: Kind }> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<ResetAnswer>) => {
      if (data.kind === kind) resolve(data as ResetAnswer & { kind: Kind });
      else reject(new Error(data.kind === "failed" ? data.reason : `Got '${data.kind}'`));
    };
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    };
    worker.postMessage(order);
  });
}
