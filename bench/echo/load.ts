/**
 * One Worker's part of an echo run: its clients, round after round, together with those of the
 * other Workers.
 */
import { setImmediate } from "node:timers";
import { EchoCheck } from "../../core/mod.ts";
import { Barrier } from "../load/barrier.ts";
import { EchoClient, type EchoRun } from "./client.ts";
import type { EchoPlan } from "./plan.ts";
import { EchoRecorder } from "./recorder.ts";
import { EchoTallies, type TalliesShare } from "./tallies.ts";
import { constantRate, type Pacer } from "../load/pacer.ts";
import { sleep } from "../../system/wait.ts";

/** What a Worker needs to take part in a run. */
export interface LoadTask {
  plan: EchoPlan;
  /** Of this Worker, from 0: it runs every client whose index leaves this remainder. */
  worker: number;
  tallies: TalliesShare;
  /** Memory of a barrier for all Workers. */
  barrier: SharedArrayBuffer;
}

/** What a Worker reports, beside what it counted in shared memory. */
export interface LoadResult {
  /** Encoded histograms. */
  connectUs: Uint8Array<ArrayBuffer>;
  echoUs: Uint8Array<ArrayBuffer>;
  /** When the counted rounds began and ended, in ms since the epoch; null when they never began. */
  startedMs: number | null;
  endedMs: number;
  /** Explanation of the first echo that differed. */
  mismatch: string | null;
  /** Why the run could not go on. */
  aborted: string | null;
}

/** Ends a run with what there is. */
export const STOP = "stop";

/** What a Worker is sent: its task, and nothing else but the word to stop. */
export type LoadMessage = LoadTask | typeof STOP;

/** A timer may be so late. The rest of a wait is spent turning the event loop. */
const TIMER_SLACK_MS = 3;

/** The clients of one Worker. */
export class EchoLoad implements EchoRun {
  readonly plan: EchoPlan;
  readonly recorder: EchoRecorder;
  /** Resolves with the reason when the run cannot go on. */
  readonly aborted: Promise<string>;
  readonly #clients: EchoClient[] = [];
  readonly #worker: number;
  readonly #barrier: Barrier;
  readonly #pacer: Pacer | null;
  #resolveAborted: (reason: string) => void;
  #startedMs: number | null = null;
  #mismatch: string | null = null;
  #abortReason: string | null = null;
  /** Open loop: when the first message of the round was due. */
  #epochMs = 0;

  constructor({ plan, worker, tallies, barrier }: LoadTask) {
    this.plan = plan;
    this.#worker = worker;
    this.recorder = new EchoRecorder(new EchoTallies(tallies));
    this.#barrier = new Barrier(barrier);
    this.#pacer = plan.ratePerSecond === null ? null : constantRate(plan.ratePerSecond);
    ({ promise: this.aborted, resolve: this.#resolveAborted } = Promise.withResolvers<string>());
  }

  /** Runs all rounds. */
  async run(): Promise<void> {
    const { rounds, warmupRounds, timeoutMs } = this.plan;
    this.#createClients();
    // One timer for all clients; a timeout is noticed at most a twentieth of it late.
    const tickMs = Math.min(Math.max(timeoutMs / 20, 1), 100);
    const tick = setInterval(() => {
      const nowMs = performance.now();
      for (const client of this.#clients) client.expire(nowMs);
    }, tickMs);
    try {
      for (let round = -warmupRounds; round < rounds; round++) {
        const clients = shuffled(this.#clients);
        await this.#barrier.wait();
        if (round === 0) this.#startedMs = epochNow();
        if (this.#pacer) await this.#openRound(clients, round);
        else await closedRound(clients, round);
      }
    } finally {
      clearInterval(tick);
    }
  }

  /** What there is to report now; nothing is recorded after it. */
  result(): LoadResult {
    this.recorder.freeze();
    return {
      connectUs: this.recorder.connectUs.encode(),
      echoUs: this.recorder.echoUs.encode(),
      startedMs: this.#startedMs,
      endedMs: epochNow(),
      mismatch: this.#mismatch,
      aborted: this.#abortReason,
    };
  }

  dueMs(index: number, sequence: number): number {
    const us = this.#pacer!.intendedStartUs(sequence * this.plan.threads + index);
    return this.#epochMs + us / 1000;
  }

  noteMismatch(text: string): void {
    this.#mismatch ??= text;
  }

  abort(reason: string): void {
    this.#abortReason ??= reason;
    this.#resolveAborted(reason);
  }

  #createClients(): void {
    const { threads, workers, sizeBytes, text } = this.plan;
    const slots = Math.ceil((threads - this.#worker) / workers);
    try {
      const check = new EchoCheck({ slots, sizeBytes, text });
      for (let index = this.#worker; index < threads; index += workers) {
        this.#clients.push(new EchoClient(index, check.open(), this));
      }
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.abort(`Cannot set memory aside for the messages of ${slots} clients: ${error.message}`);
    }
  }

  /** Connects all clients; when all of all Workers are, lets their messages go as they are due. */
  async #openRound(clients: EchoClient[], round: number): Promise<void> {
    await Promise.all(clients.map((client) => client.connect(round)));
    await this.#barrier.wait();
    this.#epochMs = performance.now();
    let active = clients.length;
    const exchanges = clients.map((client) => client.exchange(round).finally(() => active--));
    for (let sequence = 0; sequence < this.plan.messages; sequence++) {
      // In the order in which they are due, which is that of the index.
      for (const client of this.#clients) {
        if (active === 0) return;
        await sleepUntil(this.dueMs(client.index, sequence));
        client.release();
      }
    }
    await Promise.all(exchanges);
  }
}

/** In another random order each round, because the order of starting affects the latencies. */
function shuffled(clients: readonly EchoClient[]): EchoClient[] {
  const order = [...clients];
  for (let i = order.length - 1; i > 0; i--) {
    const other = Math.floor(Math.random() * (i + 1));
    [order[i], order[other]] = [order[other], order[i]];
  }
  return order;
}

async function closedRound(clients: EchoClient[], round: number): Promise<void> {
  await Promise.all(clients.map(async (client) => {
    if (await client.connect(round)) await client.exchange(round);
  }));
}

/** Waits until `dueMs` on the clock of `performance`, to some ten microseconds. */
async function sleepUntil(dueMs: number): Promise<void> {
  for (let leftMs; (leftMs = dueMs - performance.now()) > 0;) {
    if (leftMs > TIMER_SLACK_MS) await sleep(leftMs - TIMER_SLACK_MS);
    else await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

/** Now, on the one clock that all Workers share. */
function epochNow(): number {
  return performance.timeOrigin + performance.now();
}
