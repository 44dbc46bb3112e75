/** One thread of an HTTP load: its clients, its clock for timeouts, its counts. */
import { Core, DEFAULT_LIMITS, ResponseReader } from "../../core/mod.ts";
import { HttpClient } from "./client.ts";
import { Inspector } from "./inspect.ts";
import type { OpenSocket } from "./socket.ts";
import { socketOpener } from "./socket_opener.ts";
import { Tally, type TallyReport } from "./tally.ts";
import { isGoodStatus, LiveFigures, type ThreadMessage, type ThreadPlan } from "./plan.ts";
import { Budget, Halt, Schedule } from "../load/schedule.ts";
import { constantRate, type Pacer, ramp, shareOf } from "../load/pacer.ts";
import { SampleLog } from "./sample_log.ts";

/** Room for what one read brings, in bytes. */
const INPUT_BYTES = 65536;

/** How often timeouts are checked: a fraction of the timeout, and its bounds in milliseconds. */
const TICKS_PER_TIMEOUT = 20;
const MIN_TICK_MS = 5;
const MAX_TICK_MS = 100;

/** A thread's load. */
export class LoadThread {
  readonly #plan: ThreadPlan;
  readonly #tally = new Tally();
  readonly #reader: ResponseReader;
  readonly #samples: SampleLog | undefined;
  readonly #clients: HttpClient[];
  readonly #live: LiveFigures;

  private constructor(
    plan: ThreadPlan,
    post: (message: ThreadMessage) => void,
    openSocket: OpenSocket,
  ) {
    this.#plan = plan;
    const { concurrency, endpoints, endpointOf, requests, pipeline, isKeepAlive } = plan;
    const blocks = concurrency * endpoints.length;
    const limits = { ...DEFAULT_LIMITS, maxBody: Infinity };
    const core = Core.create({ blocks, inputBytes: INPUT_BYTES, limits });
    const reader = this.#reader = new ResponseReader(core, plan.isHead);
    this.#live = new LiveFigures(plan.live);
    if (plan.wantsSamples) {
      this.#samples = new SampleLog({
        thread: plan.index,
        onPortion: (samples) => post({ kind: "samples", samples }),
        isGood: (status) => isGoodStatus(status, plan.expectStatus),
      });
    }
    const isInspected = plan.wantsSamples || plan.wantsDebug || plan.expectBodySha256 !== undefined;
    const options = { core, reader, bodySha256: plan.expectBodySha256 };
    // A copy of its own: sockets of `node:net` take no view of shared memory.
    const own = { ...requests, bytes: requests.bytes.slice() };
    const setup = {
      core,
      reader,
      tally: this.#tally,
      openSocket,
      endpoints,
      endpointOf,
      requests: own,
      pipeline,
      isKeepAlive,
      samples: this.#samples,
      makeInspector: isInspected ? () => new Inspector(options) : undefined,
      debug: plan.wantsDebug ? (bytes: Uint8Array) => post({ kind: "debug", bytes }) : undefined,
    };
    this.#clients = Array.from({ length: concurrency }, () => new HttpClient(setup));
  }

  /**
   * Makes everything ready for `plan`.
   *
   * @param post sends a message to the main thread
   * @throws {RangeError} when there is no memory for all connections
   */
  static async create(
    plan: ThreadPlan,
    post: (message: ThreadMessage) => void,
  ): Promise<LoadThread> {
    const openSocket = await socketOpener(plan.endpoints, plan.isKeepAlive);
    return new LoadThread(plan, post, openSocket);
  }

  /** Runs the load for the time of the warm-up, and forgets what it counted. */
  async warmUp(): Promise<void> {
    if (this.#plan.warmupMs === 0) return;
    const budget = Budget.create(0);
    const timer = drainAfter(budget, this.#plan.warmupMs);
    const main = new Budget(this.#plan.budget);
    await this.#load(new Schedule(budget, this.#pacer(0)), () => {
      if (main.halt !== Halt.No) budget.stop(main.halt);
    });
    clearTimeout(timer);
    this.#tally.reset();
    this.#reader.statuses.fill(0n);
  }

  /** Runs the load until its budget is used up or halted. @returns what it counted */
  async run(): Promise<TallyReport> {
    const budget = new Budget(this.#plan.budget);
    const schedule = new Schedule(budget, this.#pacer(this.#plan.rampMs));
    const timer = drainAfter(budget, this.#plan.durationMs);
    this.#samples?.begin(schedule.beginUs);
    const beginMs = performance.timeOrigin + schedule.beginUs / 1000;
    await this.#load(schedule);
    clearTimeout(timer);
    const endMs = performance.timeOrigin + performance.now();
    this.#samples?.flush();
    for (const client of this.#clients) client.close();
    const statuses: Record<string, number> = {};
    this.#reader.statuses.forEach((count, status) => {
      if (count > 0n) statuses[status] = Number(count);
    });
    return this.#tally.report(statuses, beginMs, endMs);
  }

  /** The intended starts of this thread; undefined for a closed loop. */
  #pacer(rampMs: number): Pacer | undefined {
    const { ratePerSecond, index, threads } = this.#plan;
    if (ratePerSecond === 0) return undefined;
    const total = rampMs > 0 ? ramp(0, ratePerSecond, rampMs * 1000) : constantRate(ratePerSecond);
    return shareOf(total, index, threads);
  }

  /** Runs all clients on `schedule`, checking for timeouts and a halt at intervals. */
  async #load(schedule: Schedule, onTick = () => {}): Promise<void> {
    const { timeoutMs } = this.#plan;
    const tickMs = Math.max(MIN_TICK_MS, Math.min(MAX_TICK_MS, timeoutMs / TICKS_PER_TIMEOUT));
    const timer = setInterval(() => {
      onTick();
      for (const client of this.#clients) {
        if (schedule.halt === Halt.Abandon) client.abandon();
        else if (timeoutMs > 0) client.expire(timeoutMs * 1000);
      }
      this.#publish();
    }, timeoutMs > 0 ? tickMs : MAX_TICK_MS);
    try {
      await Promise.all(this.#clients.map((client, i) => this.#join(client, i, schedule)));
    } finally {
      clearInterval(timer);
    }
    this.#publish();
  }

  /** Lets client `i` take part, in a closed loop with a ramp from its share of the ramp on. */
  async #join(client: HttpClient, i: number, schedule: Schedule): Promise<void> {
    const { rampMs, threads, index, concurrency } = this.#plan;
    if (rampMs > 0 && !schedule.isPaced) {
      const share = (i * threads + index) / (concurrency * threads);
      await schedule.until(schedule.beginUs + share * rampMs * 1000);
    }
    await client.run(schedule);
  }

  #publish(): void {
    const { completed, failed } = this.#tally;
    this.#live.set({
      completed,
      failed,
      p50Us: this.#tally.percentileUs(50),
      p99Us: this.#tally.percentileUs(99),
    });
  }
}

/** Ends a load after `timeMs`, if that is above 0. */
function drainAfter(budget: Budget, timeMs: number) {
  return timeMs > 0 ? setTimeout(() => budget.stop(Halt.Drain), timeMs) : undefined;
}
