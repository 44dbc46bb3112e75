/**
 * One Worker's part of an echo run: runs its clients round after round, in step with the other
 * Workers.
 */
import { EchoCheck } from "../../core/mod.ts";
import { Barrier, BrokenBarrier } from "../load/barrier.ts";
import { clockUs } from "../load/clock.ts";
import { createLinuxEngine, type LoadEngine } from "../load/engine.ts";
import { constantRate, type Pacer, shareOf, startsBefore } from "../load/pacer.ts";
import { RuntimeLoop } from "../load/runtime_loop.ts";
import { Budget, Halt } from "../load/schedule.ts";
import { LatencyHistogram } from "../stats/histogram.ts";
import { EchoClient, type EchoRun } from "./client.ts";
import type { EchoPlan } from "./plan.ts";
import { EchoRecorder } from "./recorder.ts";
import { EchoTallies, type TalliesShare } from "./tallies.ts";
import { epochNow, IntervalClock, type IntervalPart, lookMs } from "../stats/timeline.ts";
import { untilEpoch } from "../load/start_at.ts";

/** What a Worker needs to take part in a run. */
export interface LoadTask {
  plan: EchoPlan;
  /**
   * Number of this Worker, from 0: it runs the clients whose index modulo the number of Workers is
   * this.
   */
  worker: number;
  tallies: TalliesShare;
  /** Memory of a barrier for all Workers; it is broken when the run is halted. */
  barrier: SharedArrayBuffer;
  /** Memory of the `Budget`, by which the run is halted. */
  budget: SharedArrayBuffer;
  /**
   * Interval at which records are handed over while the load runs, see `timeline.ts`; null: they
   * are not.
   */
  intervalMs: number | null;
}

/** A Worker's messages: what it has recorded since the last one, and its result at the end. */
export type LoadAnswer = { part: IntervalPart } | { result: LoadResult };

/** What a Worker reports, besides its counts in shared memory. */
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

/** How often timeouts and a halt are checked: a fraction of the timeout, and its bounds. */
const CHECKS_PER_TIMEOUT = 20;
const MIN_CHECK_MS = 1;
const MAX_CHECK_MS = 50;

/** The clients of one Worker. */
export class EchoLoad implements EchoRun {
  readonly plan: EchoPlan;
  readonly recorder: EchoRecorder;
  readonly engine: LoadEngine;
  readonly #clients: EchoClient[];
  readonly #barrier: Barrier;
  readonly #budget: Budget;
  readonly #pacer: Pacer | null;
  /** Clients that are active in this step, and what to do when one has finished. */
  #active = 0;
  #then: (client: EchoClient) => void = () => {};
  #startedMs: number | null = null;
  #mismatch: string | null = null;
  #abortReason: string | null = null;
  /** Open loop: when the first message of the round was due. */
  #epochUs = 0;
  readonly #worker: number;
  readonly #random: () => number;
  readonly #onPart: (part: IntervalPart) => void;
  readonly #intervalMs: number | null;
  /** Set while latencies are handed over. */
  #intervals: IntervalClock | undefined;

  private constructor(
    task: LoadTask,
    engine: LoadEngine,
    check: EchoCheck,
    { onPart, random }: { onPart: (part: IntervalPart) => void; random: () => number },
  ) {
    const { plan, worker } = task;
    this.plan = plan;
    this.#worker = worker;
    this.#intervalMs = task.intervalMs;
    this.#onPart = onPart;
    this.engine = engine;
    this.#random = random;
    this.recorder = new EchoRecorder(new EchoTallies(task.tallies));
    this.#barrier = new Barrier(task.barrier);
    this.#budget = new Budget(task.budget);
    this.#pacer = plan.ratePerSecond === null ? null : constantRate(plan.ratePerSecond);
    this.#clients = [];
    for (let index = worker; index < plan.threads; index += plan.workers) {
      this.#clients.push(new EchoClient(index, check.open(), this));
    }
  }

  /**
   * Makes everything ready for `task`.
   *
   * @param onPart called with what was recorded during each interval, if the task wants it
   * @param parts the engine (default: the plan's), and the random numbers that order the clients
   * @throws {RangeError} when there is no memory for the messages of all clients
   * @throws {SystemError} when the kernel refuses what the engine needs
   */
  static async create(
    task: LoadTask,
    onPart: (part: IntervalPart) => void,
    { makeEngine = createEngine, random = Math.random } = {},
  ): Promise<EchoLoad> {
    const { plan, worker } = task;
    const slots = Math.ceil((plan.threads - worker) / plan.workers);
    const check = openCheck(slots, plan);
    return new EchoLoad(task, await makeEngine(plan, check), check, { onPart, random });
  }

  /** Runs all rounds, or until the run is halted. */
  async run(): Promise<void> {
    const { rounds, warmupRounds, startAtMs } = this.plan;
    try {
      for (let round = -warmupRounds; round < rounds && !this.#isOver; round++) {
        await this.#barrier.wait();
        if (round === 0) {
          if (startAtMs !== undefined) await untilEpoch(startAtMs, () => this.#isOver);
          this.#startedMs = epochNow();
          if (this.#intervalMs !== null) {
            this.#intervals = new IntervalClock(this.#startedMs, this.#intervalMs);
          }
        }
        if (this.#pacer === null) await this.#closedRound(round);
        else await this.#openRound(round);
      }
    } catch (error) {
      // A broken barrier means that the run was halted; other errors come from the system.
      if (!(error instanceof BrokenBarrier)) this.abort((error as Error).message);
    }
  }

  /** Ends the run. @returns the report; nothing is recorded after it */
  finish(): LoadResult {
    this.recorder.freeze();
    const endedMs = epochNow();
    this.#endInterval();
    for (const client of this.#clients) client.close();
    this.engine.loop.close();
    return {
      ...this.recorder.takeAll(),
      startedMs: this.#startedMs,
      endedMs,
      mismatch: this.#mismatch,
      aborted: this.#abortReason,
    };
  }

  dueUs(index: number, sequence: number): number {
    const { threads } = this.plan;
    return this.#epochUs + this.#pacer!.intendedStartUs(sequence * threads + index);
  }

  noteMismatch(text: string): void {
    this.#mismatch ??= text;
  }

  finished(client: EchoClient): void {
    this.#then(client);
  }

  abort(reason: string): void {
    this.#abortReason ??= reason;
    this.engine.loop.end();
  }

  get #isOver(): boolean {
    return this.#abortReason !== null || this.#budget.halt !== Halt.No;
  }

  /** Closed loop: each client connects, and then exchanges its messages at once. */
  #closedRound(round: number): Promise<void> {
    return this.#step(
      shuffled(this.#clients, this.#random),
      (client) => client.connect(round),
      (client) => {
        if (!client.isConnected) return this.#leave();
        client.exchange();
      },
    );
  }

  /**
   * Open loop: connects all clients; once those of all Workers are connected, sends messages as
   * they are due.
   */
  async #openRound(round: number): Promise<void> {
    this.#epochUs = Infinity;
    await this.#step(shuffled(this.#clients, this.#random), (client) => client.connect(round));
    if (this.#isOver) return;
    await this.#barrier.wait();
    this.#epochUs = clockUs();
    const connected = this.#clients.filter((client) => client.isConnected);
    await this.#step(connected, (client) => client.exchange());
  }

  /** Starts `clients`, and waits until all have finished or the run is halted. */
  async #step(
    clients: readonly EchoClient[],
    begin: (client: EchoClient) => void,
    then: (client: EchoClient) => void = () => this.#leave(),
  ): Promise<void> {
    if (clients.length === 0) return;
    const { loop } = this.engine;
    const { timeoutMs } = this.plan;
    const mostMs = this.#intervalMs === null ? MAX_CHECK_MS : lookMs(this.#intervalMs);
    this.#active = clients.length;
    this.#then = then;
    const nowUs = clockUs();
    await loop.run(() => {
      for (const client of clients) loop.at(nowUs, () => begin(client));
    }, {
      everyMs: Math.max(MIN_CHECK_MS, Math.min(mostMs, timeoutMs / CHECKS_PER_TIMEOUT)),
      action: () => {
        if (this.#isOver) return loop.end();
        const nowUs = clockUs();
        for (const client of this.#clients) client.expire(nowUs);
        if (this.#intervals?.isDue(epochNow())) this.#endInterval();
      },
    });
  }

  /** Hands over what was recorded since the last interval, if wanted. */
  #endInterval(): void {
    if (!this.#intervals) return;
    const { done, failed, errors } = this.recorder.counts;
    this.#onPart({
      thread: this.#worker,
      ...this.#intervals.next(epochNow()),
      counts: {
        done,
        failed,
        errors,
        bytesIn: (done - failed) * this.plan.sizeBytes,
        statuses: {},
        open: this.#clients.reduce((sum, client) => sum + Number(client.isOpen), 0),
        starts: this.#pacer && this.#starts(this.#pacer, clockUs()),
      },
      latencies: this.recorder.takeInterval(),
    });
  }

  /**
   * Open loop: how many messages were due before `nowUs`, and how many of them were sent. Nothing
   * more is due for a client that has failed.
   */
  #starts(pacer: Pacer, nowUs: number): { due: number; sent: number } {
    const { threads, messages } = this.plan;
    const { sent } = this.recorder;
    let due = sent;
    for (const client of this.#clients) {
      if (client.started === null) continue;
      const all = startsBefore(shareOf(pacer, client.index, threads), nowUs - this.#epochUs);
      due += Math.max(0, Math.min(messages, all) - client.started);
    }
    return { due, sent };
  }

  /** Notes that one client has finished. */
  #leave(): void {
    if (--this.#active === 0) this.engine.loop.end();
  }
}

/** The report of a load that could not begin. */
export function resultWithout(aborted: string): LoadResult {
  return {
    connectUs: new LatencyHistogram().encode(),
    echoUs: new LatencyHistogram().encode(),
    startedMs: null,
    endedMs: epochNow(),
    mismatch: null,
    aborted,
  };
}

/** @throws {RangeError} when there is no memory for the messages of `slots` clients */
function openCheck(slots: number, { sizeBytes, text, paddingBytes }: EchoPlan): EchoCheck {
  try {
    return new EchoCheck({ slots, sizeBytes, text, paddingBytes });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new RangeError(
      `Cannot set memory aside for the messages of ${slots} clients: ${error.message}`,
    );
  }
}

async function createEngine({ engine }: EchoPlan, { memory }: EchoCheck): Promise<LoadEngine> {
  if (engine !== "deno") return await createLinuxEngine(engine, { input: memory, output: memory });
  const { DenoSocket } = await import("../load/deno_socket.ts");
  return {
    loop: new RuntimeLoop(),
    open: (target, input, events) => new DenoSocket(target, input, events),
  };
}

/** The clients in random order, because the order of starting affects the latencies. */
function shuffled(clients: readonly EchoClient[], random: () => number): EchoClient[] {
  const order = [...clients];
  for (let i = order.length - 1; i > 0; i--) {
    const other = Math.floor(random() * (i + 1));
    [order[i], order[other]] = [order[other], order[i]];
  }
  return order;
}
