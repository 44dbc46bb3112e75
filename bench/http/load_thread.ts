/** One thread of an HTTP load: its clients, its clock for timeouts, its counts. */
import { Core, DEFAULT_LIMITS, ResponseReader } from "../../core/mod.ts";
import { HttpClient } from "./client.ts";
import { FirstConnects } from "./first_connects.ts";
import type { Inspector } from "./inspect.ts";
import { createEngine } from "./engine.ts";
import type { RequestBytes } from "./request.ts";
import { Tally, type TallyReport } from "./tally.ts";
import { isGoodStatus, type ThreadMessage, type ThreadPlan } from "./plan.ts";
import { clockUs } from "../load/clock.ts";
import type { LoadEngine } from "../load/engine.ts";
import type { Endpoint } from "./target.ts";
import { Budget, Halt, Schedule } from "../load/schedule.ts";
import { constantRate, listed, type Pacer, ramp, shareOf } from "../load/pacer.ts";
import { Rotation } from "./origins.ts";
import { SampleLog } from "./sample_log.ts";
import { IntervalClock, lookMs } from "../stats/timeline.ts";

/** Room for one read, in bytes. */
const INPUT_BYTES = 65536;

/**
 * How often timeouts and a halt are checked: a fraction of the timeout, and its bounds in
 * milliseconds.
 */
const CHECKS_PER_TIMEOUT = 20;
const MIN_CHECK_MS = 5;
const MAX_CHECK_MS = 50;

/** The parts of a thread's load. */
interface ThreadParts {
  core: Core;
  requests: RequestBytes;
  engine: LoadEngine<Endpoint>;
  /** Where responses are read one by one. */
  Inspecting?: typeof Inspector;
}

/** A thread's load. */
export class LoadThread {
  readonly #plan: ThreadPlan;
  readonly #tally = new Tally();
  readonly #reader: ResponseReader;
  readonly #samples: SampleLog | undefined;
  readonly #clients: HttpClient[];
  readonly #post: (message: ThreadMessage) => void;
  /** Set while latencies are handed over. */
  #intervals: IntervalClock | undefined;
  readonly #engine: LoadEngine<Endpoint>;

  private constructor(
    plan: ThreadPlan,
    post: (message: ThreadMessage) => void,
    parts: ThreadParts,
  ) {
    this.#plan = plan;
    const { concurrency, origins, pipeline, isKeepAlive, isHead } = plan;
    const { core, requests, Inspecting } = parts;
    this.#engine = parts.engine;
    const reader = this.#reader = new ResponseReader(core, isHead === true);
    this.#post = post;
    if (plan.wantsSamples) {
      this.#samples = new SampleLog({
        thread: plan.index,
        onPortion: (samples) => post({ kind: "samples", samples }),
        isGood: (status) => isGoodStatus(status, plan.expectStatus),
      });
    }
    const options = { core, reader, bodySha256: plan.expectBodySha256 };
    const setup = {
      core,
      reader,
      tally: this.#tally,
      engine: parts.engine,
      firstConnects: new FirstConnects(
        origins.servers.flat().length,
        (message) => post({ kind: "nobody", message }),
      ),
      rotations: origins.servers.map((endpoints) => new Rotation(endpoints, plan.index)),
      serverOf: origins.serverOf,
      requests,
      heads: typeof isHead === "boolean" ? undefined : isHead,
      pipeline,
      isKeepAlive,
      samples: this.#samples,
      makeInspector: Inspecting && (() => new Inspecting(options)),
      debug: plan.wantsDebug ? (bytes: Uint8Array) => post({ kind: "debug", bytes }) : undefined,
    };
    this.#clients = Array.from({ length: concurrency }, () => new HttpClient(setup));
  }

  /**
   * Makes everything ready for `plan`.
   *
   * @param post sends a message to the main thread
   * @param makeEngine makes the engine; default: the one that the plan names
   * @throws {RangeError} when there is no memory for all connections
   * @throws {SystemError} when the kernel refuses what the engine needs
   */
  static async create(
    plan: ThreadPlan,
    post: (message: ThreadMessage) => void,
    makeEngine = createEngine,
  ): Promise<LoadThread> {
    const { concurrency, origins: { servers }, isKeepAlive } = plan;
    const core = Core.create({
      blocks: concurrency * servers.length,
      inputBytes: INPUT_BYTES,
      limits: { ...DEFAULT_LIMITS, maxBody: Infinity },
    });
    // A copy of its own, because sockets of `node:net` do not accept views of shared memory.
    const requests = { ...plan.requests, bytes: plan.requests.bytes.slice() };
    const memory = { input: core.bytes, output: requests.bytes };
    const engine = await makeEngine(
      plan.engine,
      { endpoints: servers.flat(), isKeepAlive },
      memory,
    );
    const isInspected = plan.wantsSamples || plan.wantsDebug || plan.expectBodySha256 !== undefined;
    // Not loaded by others: it needs node:crypto, which takes a thread 12 ms.
    const Inspecting = isInspected ? (await import("./inspect.ts")).Inspector : undefined;
    return new LoadThread(plan, post, { core, requests, engine, Inspecting });
  }

  /** Runs the load for the time of the warm-up, and discards its counts. */
  async warmUp(): Promise<void> {
    if (this.#plan.warmupMs === 0) return;
    const budget = Budget.create(0);
    const main = new Budget(this.#plan.budget);
    const schedule = new Schedule(budget, {
      pacer: this.#pacer(0),
      durationMs: this.#plan.warmupMs,
    });
    await this.#load(schedule, () => {
      if (main.halt !== Halt.No) budget.stop(main.halt);
    });
    this.#tally.reset();
    this.#reader.statuses.fill(0n);
  }

  /** Runs the load until its budget is used up or halted. @returns what it counted */
  async run(): Promise<TallyReport> {
    const { rampMs, durationMs } = this.#plan;
    const budget = new Budget(this.#plan.budget);
    const schedule = new Schedule(budget, { pacer: this.#pacer(rampMs), durationMs });
    this.#samples?.begin(schedule.beginUs);
    const { intervalMs } = this.#plan;
    if (intervalMs !== null) {
      this.#intervals = new IntervalClock(epochMs(schedule.beginUs), intervalMs);
    }
    await this.#load(schedule);
    const drainedUs = clockUs();
    schedule.end(drainedUs);
    this.#endInterval(schedule, drainedUs);
    this.#samples?.flush();
    for (const client of this.#clients) client.close();
    this.#engine.loop.close();
    const due = schedule.isPaced ? schedule.dueBefore(drainedUs) : 0;
    return this.#tally.report(this.#statuses(), due, {
      beginMs: epochMs(schedule.beginUs),
      endMs: epochMs(schedule.endUs),
      drainedMs: epochMs(drainedUs),
    });
  }

  #statuses(): Record<string, number> {
    const statuses: Record<string, number> = {};
    this.#reader.statuses.forEach((count, status) => {
      if (count > 0n) statuses[status] = Number(count);
    });
    return statuses;
  }

  /** The intended starts of this thread; undefined for a closed loop. */
  #pacer(rampMs: number): Pacer | undefined {
    const { ratePerSecond, startsUs, index, threads } = this.#plan;
    if (startsUs !== undefined) return shareOf(listed(startsUs), index, threads);
    if (ratePerSecond === 0) return undefined;
    const total = rampMs > 0 ? ramp(0, ratePerSecond, rampMs * 1000) : constantRate(ratePerSecond);
    return shareOf(total, index, threads);
  }

  /**
   * Runs all clients on `schedule`.
   *
   * @param onCheck called before each check whether the load was halted
   */
  async #load(schedule: Schedule, onCheck = () => {}): Promise<void> {
    const { loop } = this.#engine;
    const { timeoutMs, intervalMs } = this.#plan;
    const checkMs = timeoutMs > 0 ? timeoutMs / CHECKS_PER_TIMEOUT : MAX_CHECK_MS;
    const check = () => {
      onCheck();
      const nowUs = clockUs();
      const halt = schedule.haltAt(nowUs);
      for (const client of this.#clients) {
        if (halt !== Halt.No) client.halt(halt);
        if (timeoutMs > 0) client.expire(timeoutMs * 1000);
      }
      if (this.#intervals?.isDue(epochMs(nowUs))) this.#endInterval(schedule, nowUs);
    };
    let running = this.#clients.length;
    const finish = () => {
      if (--running === 0) loop.end();
    };
    const begin = () => {
      // Clients that wait for a start then stop waiting.
      if (schedule.endUs < Infinity) loop.at(schedule.endUs, check);
      this.#clients.forEach((client, i) => client.run(schedule, this.#fromUs(schedule, i), finish));
    };
    const mostMs = intervalMs === null ? MAX_CHECK_MS : lookMs(intervalMs);
    const everyMs = Math.max(MIN_CHECK_MS, Math.min(mostMs, checkMs));
    await loop.run(begin, { everyMs, action: check });
  }

  /** When client `i` starts: in a closed loop with a ramp, after its share of the ramp. */
  #fromUs(schedule: Schedule, i: number): number {
    const { rampMs, threads, index, concurrency } = this.#plan;
    if (rampMs === 0 || schedule.isPaced) return schedule.beginUs;
    const share = (i * threads + index) / (concurrency * threads);
    return schedule.beginUs + share * rampMs * 1000;
  }

  /** Hands over what was recorded since the last interval, if wanted. */
  #endInterval(schedule: Schedule, nowUs: number): void {
    if (!this.#intervals) return;
    const { completed, failed, bytesIn, errors, started } = this.#tally;
    this.#post({
      kind: "interval",
      part: {
        thread: this.#plan.index,
        ...this.#intervals.next(epochMs(nowUs)),
        counts: {
          done: completed,
          failed,
          bytesIn,
          statuses: this.#statuses(),
          errors: { ...errors },
          open: this.#clients.reduce((sum, client) => sum + client.openConnections, 0),
          starts: schedule.isPaced ? { due: schedule.dueBefore(nowUs), sent: started } : null,
        },
        latencies: this.#tally.takeInterval(),
      },
    });
  }
}

/** A time on this thread's clock in milliseconds since the epoch, which all threads share. */
function epochMs(us: number): number {
  return performance.timeOrigin + us / 1000;
}
