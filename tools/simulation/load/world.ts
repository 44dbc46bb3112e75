/** Simulated loads: the real clients of `bench` and `htstress`, and servers that follow a plan. */
import { EchoLoad, type LoadTask } from "../../../bench/echo/load.ts";
import type { EchoPlan } from "../../../bench/echo/plan.ts";
import { EchoTallies } from "../../../bench/echo/tallies.ts";
import { LoadThread } from "../../../bench/http/load_thread.ts";
import type { ThreadPlan } from "../../../bench/http/plan.ts";
import { layOutRequests } from "../../../bench/http/request.ts";
import type { TallyReport } from "../../../bench/http/tally.ts";
import { Barrier } from "../../../bench/load/barrier.ts";
import { useClock } from "../../../bench/load/clock.ts";
import type { LoadEngine } from "../../../bench/load/engine.ts";
import { Budget } from "../../../bench/load/schedule.ts";
import { LatencyHistogram } from "../../../bench/stats/histogram.ts";
import type { SimulatedClock } from "../../../servers/net/engines/simulated/clock.ts";
import { End } from "../../../servers/net/engines/simulated/network.ts";
import { Random } from "../../../servers/net/engines/simulated/random.ts";
import type { Trace } from "../../../servers/net/engines/simulated/trace.ts";
import { hold } from "../failure.ts";
import { runToRest } from "../settle.ts";
import { EchoServerEnd, HttpServerEnd } from "./load_servers.ts";
import type { EchoAnswer, HttpAnswer, LoadPlan, LoadSettings } from "./plan.ts";
import { SimulatedLoop, SimulatedSocket } from "./simulated_load_engine.ts";

/** The address of the server. */
const TARGET = { hostname: "192.0.2.1", port: 80 };

/** What the clients' clock shows at the beginning. */
const BEGIN_US = 1e6;

/** How an answer is counted: as a status, or an error. */
const COUNTED: Record<HttpAnswer, string> = {
  "whole": "200",
  "chunked": "200",
  "informational": "200",
  "slow": "200",
  "closing": "200",
  "until close": "200",
  "leaves": "200",
  "not found": "404",
  "no content": "204",
  "truncated": "truncated",
  "closes": "closed",
  "resets": "reset",
  "resets within": "reset",
  "garbage": "garbage",
  "silent": "timeout",
};

/** The same for messages of echo. */
const ECHO_COUNTED: Record<EchoAnswer, string> = {
  echoes: "ok",
  closes: "closed",
  short: "short",
  resets: "reset",
  differs: "mismatch",
  silent: "timeout",
};

/** The world of a simulated load. */
export class LoadWorld {
  readonly #plan: LoadPlan;
  readonly #settings: LoadSettings;
  readonly #clock: SimulatedClock;
  readonly #trace: Trace;
  #next = 0;
  #connections = 0;
  readonly #answered: (HttpAnswer | EchoAnswer)[] = [];

  constructor(plan: LoadPlan, clock: SimulatedClock, trace: Trace) {
    this.#plan = plan;
    this.#settings = plan.settings;
    this.#clock = clock;
    this.#trace = trace;
  }

  /** Runs the load to its end. @throws {Wrong} when it is miscounted */
  async run(): Promise<{ connections: number }> {
    // Not 0, which a clock of the runtime never shows.
    useClock(() => this.#clock.nowUs + BEGIN_US);
    if (this.#settings.protocol === "http") await this.#http();
    else await this.#echo();
    hold(this.#clock.timers === 0, `${this.#clock.timers} timers are left`);
    return { connections: this.#connections };
  }

  /** Lets events happen until `running` has ended. */
  async #finish<T>(running: Promise<T>): Promise<T> {
    let result: { value: T } | undefined;
    let fault: unknown;
    running.then((value) => result = { value }, (error) => fault = error);
    this.#clock.hasPromises = true;
    await runToRest(this.#clock, () => {
      if (fault !== undefined) throw fault;
    });
    hold(result !== undefined, "the load never ends");
    return result.value;
  }

  #engine(serve: (end: End) => void): LoadEngine {
    const { network, seed } = this.#settings;
    return {
      loop: new SimulatedLoop(this.#clock, BEGIN_US),
      open: (_target, input, events) => {
        const id = ++this.#connections;
        const random = new Random(seed, id);
        const delayUs = random.between(network.leastDelayUs, network.mostDelayUs);
        const connect = () => {
          const [client, server] = End.pair(this.#clock, random, network);
          this.#trace.note(id, "connected");
          serve(server);
          return client;
        };
        return new SimulatedSocket(this.#clock, { connect, delayUs }, { input, events });
      },
    };
  }

  async #http(): Promise<void> {
    const { clients, isKeepAlive, pipeline, requests, rate, durationMs, timeoutMs } =
      this.#settings;
    const request = { method: "GET", target: "/", host: "a", headers: [] };
    const plan: ThreadPlan = {
      index: 0,
      threads: 1,
      engine: "deno",
      concurrency: clients,
      origins: { servers: [[TARGET]], serverOf: [0] },
      requests: layOutRequests([request], isKeepAlive, pipeline),
      pipeline,
      isKeepAlive,
      isHead: false,
      budget: Budget.create(requests).shared,
      ratePerSecond: rate,
      durationMs,
      rampMs: 0,
      warmupMs: 0,
      timeoutMs,
      wantsSamples: false,
      wantsDebug: false,
      intervalMs: null,
    };
    const answering = {
      next: () => this.#plan.events[this.#next++],
      note: (answer: HttpAnswer | EchoAnswer) => {
        this.#trace.note(this.#answered.length, answer);
        this.#answered.push(answer);
      },
    };
    const engine = this.#engine((end) => new HttpServerEnd(end, this.#clock, answering));
    const report = await this.#finish(
      LoadThread.create(plan, () => {}, () => Promise.resolve(engine))
        .then((thread) => thread.run()),
    );
    this.#checkHttp(report);
  }

  #checkHttp({ statuses, errors, after, late, due, faults }: TallyReport): void {
    const { requests, rate, durationMs, pipeline } = this.#settings;
    const sum = (counts: Record<string, number>) =>
      Object.values(counts).reduce((sum, count) => sum + count, 0);
    const answered = sum(statuses);
    const failed = sum(errors as unknown as Record<string, number>);
    const ended = answered + failed + after.abandoned;
    this.#trace.note(answered, "answered");
    this.#trace.note(failed, "failed");
    const explained = faults.reduce((sum, { count }) => sum + count, 0);
    hold(explained === failed, `${failed} requests failed, ${explained} are explained`);
    hold(ended <= requests, `${ended} requests ended of ${requests}`);
    if (durationMs === 0) {
      hold(ended === requests, `${answered} answered and ${failed} failed of ${requests} requests`);
      hold(after.abandoned === 0, `${after.abandoned} requests were abandoned`);
    }
    if (rate > 0) {
      const started = new LatencyHistogram(late).count;
      // Requests that are claimed together start together.
      if (pipeline === 1) {
        hold(started === ended, `${started} requests started, ${ended} ended`);
        const limit = Math.min(due, requests);
        hold(started <= limit, `${started} requests started, ${limit} were due`);
      }
    }
    if (pipeline > 1) return;
    this.#checkKinds({ ...statuses, ...errors });
  }

  /** Each request that the server saw is counted as what it got. */
  #checkKinds(counted: Record<string, number>): void {
    const expected: Record<string, number> = {};
    for (const answer of this.#answered) {
      const kind = COUNTED[answer as HttpAnswer];
      expected[kind] = (expected[kind] ?? 0) + 1;
    }
    // A request may be on its way to a server that leaves without a word.
    const leaves = this.#answered.filter((answer) => answer === "leaves").length;
    const ends = ["closed", "reset"];
    for (const kind of new Set([...Object.keys(expected), ...Object.keys(counted)])) {
      const [got, wanted] = [counted[kind] ?? 0, expected[kind] ?? 0];
      const slack = ends.includes(kind) ? leaves : 0;
      hold(
        got >= wanted && got <= wanted + slack,
        `${got} requests count as ${kind}, ${wanted} were`,
      );
    }
  }

  async #echo(): Promise<void> {
    const { clients, rounds, messages, sizeBytes, rate, timeoutMs, seed } = this.#settings;
    const plan: EchoPlan = {
      target: TARGET,
      threads: clients,
      rounds,
      warmupRounds: 0,
      messages,
      sizeBytes,
      thinkMs: 0,
      ratePerSecond: rate || null,
      timeoutMs,
      engine: "deno",
      workers: 1,
    };
    const tallies = EchoTallies.create({ threads: clients, rounds, messages }, false);
    const task: LoadTask = {
      plan,
      worker: 0,
      tallies: tallies.share,
      barrier: Barrier.create(1).shared,
      budget: Budget.create(0).shared,
      intervalMs: null,
    };
    const expected: Record<string, number> = { ok: 0 };
    const engine = this.#engine((end) => {
      const event = this.#plan.events[this.#next++] ?? { answer: "echoes", at: 0, size: 0 };
      let answer = event.answer as EchoAnswer;
      // One byte cannot be echoed in part.
      if (answer === "short" && sizeBytes === 1) answer = "closes";
      this.#trace.note(this.#next, answer);
      expected.ok += answer === "echoes" ? messages : event.at;
      if (answer !== "echoes") {
        const kind = ECHO_COUNTED[answer];
        expected[kind] = (expected[kind] ?? 0) + 1;
      }
      new EchoServerEnd(end, this.#clock, { event: { ...event, answer }, sizeBytes });
    });
    const random = new Random(seed);
    const load = await this.#finish(EchoLoad.create(task, () => {}, {
      makeEngine: () => Promise.resolve(engine),
      random: () => random.word() / 2 ** 32,
    }));
    await this.#finish(load.run());
    load.finish();
    await this.#finish(Promise.resolve());
    const counted: Record<string, number> = { ok: tallies.ok, ...tallies.failures };
    for (const [kind, count] of Object.entries(counted)) {
      const wanted = expected[kind] ?? 0;
      hold(count === wanted, `${count} messages count as ${kind}, ${wanted} were`);
    }
  }
}
