/** The runner: runs cases one after the other, or several at once where that is allowed. */
import { type Case, fail, GROUPS, type Judged, type Outcome, skipped, unclear } from "./case.ts";
import { Peer } from "./peer.ts";
import { PARALLEL } from "./plan.ts";
import { sleep } from "../../system/wait.ts";
import { ServerGone, type Supervisor, type Target } from "./target.ts";

/** Settings of a run. */
export interface RunOptions {
  /** Most cases that run at once; see {@link parallelOf}. */
  parallel: number;
  /** No case begins later than this, in ms from now. */
  mostMs: number;
  onJudged?(done: number, judged: Judged): void;
}

/** Why no further case is judged. */
const GONE = "the server no longer accepts connections";

/** How long a server that refuses connections may take to accept them again, in ms. */
const BACK_MS = 1000;

/**
 * How many cases may run at once: 1 for a server that serves one connection at a time. That fault
 * has a group of its own, and must not make cases of other groups fail.
 *
 * @throws {ServerGone} when the server accepts no connection
 */
export async function parallelOf(target: Target): Promise<number> {
  using _idle = await Peer.connect(target.address, target);
  using second = await Peer.connect(target.address, target);
  await second.send(target.protocol.message(0));
  const waitMs = Math.min(500, target.timeoutMs);
  await second.until(() => second.count > 0, waitMs);
  return second.count > 0 ? PARALLEL : 1;
}

/** Whether the server accepts connections now. */
export async function isAlive(target: Target): Promise<boolean> {
  if (target.supervisor?.ended !== undefined) return false;
  // The kernel still accepts connections for a process whose last threads are ending.
  if (target.process?.threads() === null && await hasEnded(target)) return false;
  try {
    using _peer = await Peer.connect(target.address, target);
    return true;
  } catch {
    await hasEnded(target);
    return false;
  }
}

/** Whether the server that `--exec` started has ended; how it ended is known a little later. */
async function hasEnded({ supervisor }: Target): Promise<boolean> {
  for (let i = 0; i < 20 && supervisor && supervisor.ended === undefined; i++) await sleep(5);
  return supervisor?.ended !== undefined;
}

/** Runs `cases`, in the order of their groups. The result is in the order of `cases`. */
export async function runCases(
  cases: readonly Case[],
  target: Target,
  options: RunOptions,
): Promise<Judged[]> {
  return await new Run(target, options).all(cases);
}

class Run {
  readonly #target: Target;
  readonly #options: RunOptions;
  readonly #deadline: number;
  readonly #judged = new Map<Case, Judged>();
  /** Why the remaining cases are left out. */
  #stopped: string | undefined;

  constructor(target: Target, options: RunOptions) {
    this.#target = target;
    this.#options = options;
    this.#deadline = performance.now() + options.mostMs;
  }

  async all(cases: readonly Case[]): Promise<Judged[]> {
    for (const group of GROUPS) {
      const own = cases.filter((one) => one.group === group);
      await this.#together(own.filter(({ isAlone }) => !isAlone));
      for (const one of own.filter(({ isAlone }) => isAlone)) await this.#alone(one);
    }
    return cases.map((one) => this.#judged.get(one)!);
  }

  /** Why no further case may begin. */
  #whyNot(): string | undefined {
    if (this.#target.signal.aborted) return "interrupted";
    if (performance.now() > this.#deadline) return "the time was over";
    return this.#stopped;
  }

  #note(one: Case, outcome: Outcome): void {
    const { run: _run, maxMs: _maxMs, connections: _n, isAlone: _alone, ...said } = one;
    // Only failed cases have a cause.
    const cause = outcome.verdict === "fail" ? outcome.cause ?? one.cause : undefined;
    const { cause: _own, ...rest } = said;
    const judged = { ...rest, ...outcome, ...(cause === undefined ? {} : { cause }) };
    this.#judged.set(one, judged);
    this.#options.onJudged?.(this.#judged.size, judged);
  }

  /** Runs cases that may run concurrently. */
  async #together(cases: readonly Case[]): Promise<void> {
    const queue = [...cases];
    while (queue.length > 0) {
      /** Begun since the server was last known to be alive, oldest first. */
      const recent: Case[] = [];
      let isGone = false;
      const lane = async () => {
        while (!isGone) {
          const one = queue.shift();
          if (one === undefined) return;
          const whyNot = this.#whyNot();
          if (whyNot !== undefined) {
            this.#note(one, skipped(whyNot));
            continue;
          }
          recent.push(one);
          if (recent.length > 2 * this.#options.parallel) recent.shift();
          const outcome = await this.#judge(one);
          if (outcome === "gone") isGone = true;
          else if (!isGone) this.#note(one, outcome);
        }
      };
      await Promise.all(Array.from({ length: this.#options.parallel }, lane));
      if (isGone || !(await isAlive(this.#target))) await this.#again(recent);
    }
  }

  /**
   * Runs the cases that were under way when the server ended one by one, to find out which one
   * ended it.
   */
  async #again(suspects: readonly Case[]): Promise<void> {
    if (!(await this.#back())) {
      this.#lost(suspects);
      return;
    }
    for (const one of suspects) await this.#alone(one);
  }

  async #alone(one: Case): Promise<void> {
    const whyNot = this.#whyNot();
    if (whyNot !== undefined) return this.#note(one, skipped(whyNot));
    const outcome = await this.#judge(one);
    if (one.group === "end" || (outcome !== "gone" && await isAlive(this.#target))) {
      return this.#note(one, outcome === "gone" ? unclear("the server had ended") : outcome);
    }
    this.#note(one, this.#died(outcome === "gone" ? undefined : outcome));
    if (!(await this.#back())) this.#stopped ??= GONE;
  }

  #died(outcome?: Outcome): Outcome {
    const how = this.#target.supervisor?.ended;
    const why = `the server ended${how === undefined ? "" : ` (${how})`}, and no longer accepts ` +
      "connections";
    return fail(why, {
      cause: "dies",
      sent: outcome?.sent,
      received: outcome?.received,
      expected: "a server outlives whatever one connection does",
    });
  }

  #lost(suspects: readonly Case[]): void {
    this.#stopped ??= GONE;
    const [last, ...others] = suspects.toReversed().filter((one) => !this.#judged.has(one));
    for (const one of others) this.#note(one, unclear("the server ended meanwhile"));
    if (last !== undefined) this.#note(last, this.#died());
    else {
      const culprit = suspects.at(-1);
      if (culprit !== undefined) this.#note(culprit, this.#died());
    }
  }

  /** Whether the server is back, restarted by its supervisor if there is one. */
  async #back(): Promise<boolean> {
    const { supervisor } = this.#target;
    const until = performance.now() + BACK_MS;
    while (performance.now() < until) {
      if (await isAlive(this.#target)) return true;
      if (supervisor?.ended !== undefined) return await this.#restart(supervisor);
      await sleep(50);
    }
    return false;
  }

  async #restart(supervisor: Supervisor): Promise<boolean> {
    try {
      await supervisor.restart();
      return true;
    } catch (error) {
      this.#stopped = `the server did not start again: ${(error as Error).message}`;
      return false;
    }
  }

  /** The outcome, or that the server accepts no connection. */
  async #judge(one: Case): Promise<Outcome | "gone"> {
    const limitMs = one.maxMs(this.#target.timeoutMs) + 1000;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<Outcome>((resolve) => {
      timer = setTimeout(() => resolve(unclear(`it took longer than ${limitMs} ms`)), limitMs);
    });
    try {
      return await Promise.race([one.run(this.#target), late]);
    } catch (error) {
      if (error instanceof ServerGone) return "gone";
      return unclear(`it could not be judged: ${(error as Error).message}`);
    } finally {
      clearTimeout(timer);
    }
  }
}
