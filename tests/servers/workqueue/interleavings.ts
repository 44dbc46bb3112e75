/**
 * Explores all interleavings of an owner and its Workers. The code is the real one, from
 * `queueWork` to the work function; threads, channels, timers and microtasks are the model's, which
 * takes each step by itself. What happens next is a choice; a depth-first search tries each choice
 * in each state that it has not seen. A Worker may also go on within a step of the owner, before
 * each access of the owner to the shared cell.
 */
import assert from "node:assert/strict";
import { type OwnerMessage, ToOwner, ToWorker } from "../../../servers/workqueue/messages.ts";
import type { WorkerMessage } from "../../../servers/workqueue/messages.ts";
import {
  allocWorkqueue,
  cancelWork,
  killWork,
  queueWork,
  sendToWork,
  Work,
  WorkerPools,
  type Workqueue,
  WQ_UNBOUND,
} from "../../../servers/workqueue/mod.ts";
import type { WorkerPool } from "../../../servers/workqueue/worker_pool.ts";
import type { OwnerEnd } from "../../../servers/workqueue/owner_end.ts";
import { DescriptorReserve } from "../../../servers/workqueue/reserve.ts";
import type { Job } from "../../../servers/workqueue/work.ts";
import { WorkerEnd, type WorkFunction } from "../../../servers/workqueue/worker_end.ts";
import { FakeClock } from "./support.ts";

/** What the owner does at any time, once: `cancel 1` cancels item 1. */
export type Action = `${"cancel" | "send" | "kill" | "requeue"} ${number}`;

/** What is explored. */
export interface Scenario {
  /** The functions of the items, all queued at once: see `FUNCTIONS`. */
  items: string[];
  flags?: number;
  maxWorkers?: number;
  actions?: Action[];
  /** Done in `onResult` of item 0. */
  onResult?: Action;
  /** How many timers may fire while anything else can happen. */
  ticks?: number;
  /** How many Workers may crash, at any time. */
  crashes?: number;
  /** How many times the runtime may refuse to create a Worker. */
  refusals?: number;
}

/** What happened to an item. */
interface Fate {
  accepted: number;
  begun: number;
  /** Ran to its end. */
  ended: number;
  results: number;
  errors: number;
  cancelled: number;
  killed: number;
  isRunning: boolean;
  sent: number[];
  read: number[];
  unread: number[];
}

type Step = () => void;

/** A promise that the model resolves. */
class Wait {
  #resolve!: (value: unknown) => void;
  then(resolve: (value: unknown) => void): void {
    this.#resolve = resolve;
  }
  end(): void {
    this.#resolve(undefined);
  }
}

/** A thread: both its channels, and the real code of a Worker's end. */
class ModelWorker {
  onmessage!: (event: { data: unknown }) => void;
  onerror!: unknown;
  onmessageerror!: unknown;
  readonly toWorker: OwnerMessage[] = [];
  readonly toOwner: WorkerMessage[] = [];
  cell!: Int32Array;
  isGone = false;
  isClosed = false;
  sleeping: { id: number; wait: Wait } | null = null;
  readonly #model: Model;
  readonly end: WorkerEnd<ModelWorker>;

  constructor(model: Model) {
    this.#model = model;
    const post = (message: WorkerMessage) => {
      const isEnd = message[0] === ToOwner.Done || message[0] === ToOwner.Failed;
      // The time that an item took is no part of the state.
      this.toOwner.push(isEnd ? message.with(2, 0) as WorkerMessage : message);
    };
    this.end = new WorkerEnd(model.functions(this), { post, resume: () => {} });
  }

  postMessage(message: OwnerMessage): void {
    if (message[0] === ToWorker.Init) this.cell = message[2];
    if (message[0] === ToWorker.Run) {
      const items = message[2].map(([func, data, messages]) =>
        [func, data, messages && [...messages]] as typeof message[2][number]
      );
      this.toWorker.push([ToWorker.Run, message[1], items]);
    } else this.toWorker.push(message);
    this.takeAhead();
  }

  /** Takes what it can but take next: the owner does not see when that happens. */
  takeAhead(): void {
    while (!this.sleeping && !this.end.canBegin && !this.isClosed && this.toWorker.length > 0) {
      this.#take();
    }
  }

  terminate(): void {
    this.isGone = true;
    this.#model.runsNoMore(this);
  }

  crash(): void {
    this.isClosed = true;
    this.end.crash("crashed");
    this.#model.runsNoMore(this);
  }

  /** What the thread can do next; it takes messages only between items. */
  get steps(): Step[] {
    if (this.isGone || this.isClosed) return [];
    if (this.end.canBegin) return [() => this.#begin()];
    if (!this.sleeping) return [];
    const steps = [() => this.#wake()];
    if (this.toWorker.length > 0) steps.push(() => this.#take());
    return steps;
  }

  /** The steps that change the cell; others may as well come after the owner's step. */
  get cellSteps(): Step[] {
    if (this.isGone || this.isClosed) return [];
    if (this.end.canBegin) return [() => this.#begin()];
    const steps: Step[] = [];
    if (this.sleeping && this.toWorker.length > 0) steps.push(() => this.#take());
    const [waiting] = this.end.state as [unknown[]];
    if (this.sleeping && waiting.length > 0) {
      steps.push(() => {
        this.#wake();
        this.#begin();
      });
    }
    return steps;
  }

  #begin(): void {
    this.end.begin();
    this.takeAhead();
  }

  #take(): void {
    const message = this.toWorker.shift()!;
    if (message[0] === ToWorker.Init) this.end.ready(message[1], message[2], this);
    else this.end.receive(message);
  }

  #wake(): void {
    const { id, wait } = this.sleeping!;
    this.sleeping = null;
    this.#model.ends(id);
    wait.end();
    this.takeAhead();
  }

  get state(): unknown {
    const { toWorker, toOwner, end, sleeping, isClosed, isGone } = this;
    if (isGone) return 0;
    const words = this.cell.join();
    const sent = toWorker.map((message) => message[0] === ToWorker.Init ? 0 : message);
    return [sent, toOwner, end.state, words, sleeping?.id, isClosed];
  }
}

/** One run of a scenario; `choose` decides what happens. */
class Model {
  readonly #choose: (count: number) => number;
  readonly #clock = new FakeClock();
  readonly #microtasks: Step[] = [];
  readonly #workers: ModelWorker[] = [];
  readonly #works: Work<number, unknown>[];
  readonly #fates: Fate[];
  readonly #queue: Workqueue;
  readonly #pool: WorkerPool;
  readonly #actions: Action[];
  #ticks: number;
  #crashes: number;
  #refusals: number;
  #isOwner = false;
  #messages = 0;

  constructor(scenario: Scenario, choose: (count: number) => number) {
    const { items, flags = 0, maxWorkers = 2, actions = [], onResult } = scenario;
    this.#choose = choose;
    this.#actions = [...actions];
    this.#ticks = scenario.ticks ?? 0;
    this.#crashes = scenario.crashes ?? 0;
    this.#refusals = scenario.refusals ?? 0;
    const pools = new WorkerPools({
      areCpusShort: () => false,
      entry: new URL("model:worker"),
      cpus: 1,
      minIdle: 100,
      maxWorkers,
      clock: this.#clock,
    });
    pools.options.source = {
      reserve: new DescriptorReserve(() => ({ close() {} }), 0),
      init: null,
      onPrint: () => {},
      create: () => {
        if (this.#refusals > 0 && this.#choose(2) > 0) {
          this.#refusals--;
          throw new Error("Too many open files (os error 24)");
        }
        const worker = new ModelWorker(this);
        this.#workers.push(worker);
        return worker as unknown as Worker;
      },
    };
    this.#queue = allocWorkqueue("model", { flags, pools });
    this.#pool = pools.pool(flags, flags & WQ_UNBOUND ? null : 0);
    this.#fates = items.map(() => ({
      accepted: 0,
      begun: 0,
      ended: 0,
      results: 0,
      errors: 0,
      cancelled: 0,
      killed: 0,
      isRunning: false,
      sent: [],
      read: [],
      unread: [],
    }));
    this.#works = items.map((func, id) => {
      const fate = this.#fates[id];
      return new Work<number, unknown>(func, id, {
        onResult: () => {
          fate.results++;
          if (id === 0 && onResult) this.#act(onResult);
        },
        onError: () => void fate.errors++,
        onUnread: (messages) => void fate.unread.push(...messages as number[]),
      });
    });
  }

  /** Runs to the end, unless `isNew` finds a state that was seen. */
  run(isNew: (state: () => string) => boolean): void {
    this.#owner(() => this.#works.forEach((_, id) => this.#act(`requeue ${id}`)));
    while (isNew(() => this.#state())) {
      const steps = this.#steps();
      if (steps.length === 0) return this.#finish();
      steps[this.#choose(steps.length)]();
    }
  }

  /** A microtask of the owner. */
  queueMicrotask(callback: Step): void {
    this.#microtasks.push(callback);
  }

  /** What items can do. */
  functions(worker: ModelWorker): Record<string, WorkFunction<ModelWorker>> {
    const begin = (id: number) => {
      const fate = this.#fates[id];
      assert.equal(fate.isRunning, false, `item ${id} runs beside itself`);
      fate.isRunning = true;
      fate.begun++;
    };
    const read = (id: number, message: unknown) => this.#fates[id].read.push(message as number);
    const sleep = (id: number) => {
      const wait = new Wait();
      worker.sleeping = { id, wait };
      return wait;
    };
    return {
      /** Reads what was sent before, and ends. */
      now: (id: number, context) => {
        begin(id);
        context.onMessage((message) => read(id, message));
        this.ends(id);
      },
      /** Sleeps, and reads nothing. */
      later: (id: number) => {
        begin(id);
        return sleep(id);
      },
      /** Sleeps, and reads meanwhile. */
      listen: (id: number, context) => {
        begin(id);
        context.onMessage((message) => read(id, message));
        return sleep(id);
      },
      /** Ends its Worker. */
      exit: (id: number) => {
        begin(id);
        worker.crash();
        this.#fates[id].isRunning = false;
      },
    };
  }

  ends(id: number): void {
    this.#fates[id].isRunning = false;
    this.#fates[id].ended++;
  }

  /** `worker` is gone, and with it the item that it runs. */
  runsNoMore(worker: ModelWorker): void {
    if (worker.sleeping) this.#fates[worker.sleeping.id].isRunning = false;
    worker.sleeping = null;
  }

  /** All that can happen next. */
  #steps(): Step[] {
    const steps: Step[] = [];
    for (const worker of this.#workers) {
      steps.push(...worker.steps, ...this.#receiving(worker));
      if (this.#crashes > 0 && !worker.isGone && !worker.isClosed) {
        steps.push(() => {
          this.#crashes--;
          worker.crash();
        });
      }
    }
    this.#actions.forEach((action, index) =>
      steps.push(() => {
        this.#actions.splice(index, 1);
        this.#owner(() => this.#act(action));
      })
    );
    if (this.#ticks > 0 && this.#clock.pendingMs.length > 0) {
      steps.push(() => {
        this.#ticks--;
        this.#tick();
      });
    }
    return steps;
  }

  #receiving(worker: ModelWorker): Step[] {
    if (worker.isGone || worker.toOwner.length === 0) return [];
    return [() => this.#owner(() => worker.onmessage({ data: worker.toOwner.shift() }))];
  }

  #tick(): void {
    this.#owner(() => this.#clock.advance(this.#clock.pendingMs[0]));
  }

  /** A step of the owner, with the microtasks that follow it. */
  #owner(step: Step): void {
    this.#isOwner = true;
    step();
    for (let next; (next = this.#microtasks.shift());) next();
    this.#isOwner = false;
  }

  /** The owner is about to access `cell`: lets its Worker go on before. */
  preempt(cell: Int32Array): void {
    if (!this.#isOwner) return;
    const worker = this.#workers.find((worker) => worker.cell === cell)!;
    this.#isOwner = false;
    for (;;) {
      const { cellSteps } = worker;
      const choice = cellSteps.length > 0 ? this.#choose(1 + cellSteps.length) : 0;
      if (choice === 0) break;
      cellSteps[choice - 1]();
    }
    this.#isOwner = true;
  }

  #act(action: Action): void {
    const [name, at] = action.split(" ");
    const [work, fate] = [this.#works[Number(at)], this.#fates[Number(at)]];
    if (name === "requeue" && queueWork(this.#queue, work)) fate.accepted++;
    if (name === "cancel" && cancelWork(work)) fate.cancelled++;
    if (name === "kill" && killWork(work, "killed")) fate.killed++;
    if (name === "send" && sendToWork(work, this.#messages)) fate.sent.push(this.#messages++);
  }

  #state(): string {
    const job = (job: Job | null) => {
      if (!job) return 0;
      const { state, seq, messages, read, tick, worker } = job;
      return [state, seq, messages, read, tick, (worker as OwnerEnd | null)?.stats.name];
    };
    return JSON.stringify([
      this.#pool.state,
      this.#queue.rescuer?.state,
      this.#clock.pendingMs,
      this.#workers.map((worker) => worker.state),
      this.#works.map(({ pending, running }) => [job(pending), job(running)]),
      this.#fates,
      [this.#actions, this.#ticks, this.#crashes, this.#refusals],
    ]);
  }

  /** Nothing can happen but that timers fire: all that was queued must come to its end. */
  #finish(): void {
    for (let ticks = 0; ticks < 30;) {
      const [step] = this.#workers.flatMap((worker) => [
        ...worker.steps,
        ...this.#receiving(worker),
      ]);
      if (step) step();
      else if (this.#clock.pendingMs.length === 0) break;
      else {
        this.#tick();
        ticks++;
      }
    }
    this.#works.forEach(({ pending, running }, id) => {
      assert.deepEqual([pending, running], [null, null], `item ${id} never ends`);
      const { accepted, begun, ended, results, errors, cancelled, killed, ...fate } =
        this.#fates[id];
      assert.equal(begun, accepted - cancelled, `item ${id}: runs`);
      assert.equal(results + errors, begun, `item ${id}: what was told of its runs`);
      // One that is killed may just have ended.
      assert.ok(results <= ended && results + killed >= ended, `item ${id}: a result is lost`);
      const got = [...fate.read, ...fate.unread].sort((a, b) => a - b);
      if (cancelled === 0) assert.deepEqual(got, fate.sent, `item ${id}: messages`);
      else assert.deepEqual(got, [...new Set(got)], `item ${id}: messages read twice`);
    });
    const { rescuer } = this.#queue;
    if (rescuer) assert.equal(rescuer.isIdle, true, "the rescuer is idle");
    const alive = this.#workers.filter(({ isGone }) => !isGone).length;
    const workers = alive - (rescuer ? 1 : 0);
    assert.deepEqual(this.#pool.load, { workers, idle: workers, counted: 0 }, "Workers are idle");
  }
}

/**
 * Explores all interleavings of `scenario`.
 *
 * @returns how many states there are, between the steps, and how many ways led to an end
 * @throws {AssertionError} with the choices that lead to what is wrong
 */
export function explore(scenario: Scenario): { states: number; ends: number } {
  const { load, add, exchange, store } = Atomics;
  const { queueMicrotask } = globalThis;
  let model: Model;
  const preempted = (access: typeof load | typeof add | typeof exchange | typeof store) =>
  // deno-lint-ignore no-explicit-any
  (cell: any, ...args: [any, any]) => {
    model?.preempt(cell);
    // deno-lint-ignore no-explicit-any
    return (access as any)(cell, ...args);
  };
  Object.assign(Atomics, {
    load: preempted(load),
    add: preempted(add),
    exchange: preempted(exchange),
    store: preempted(store),
  });
  globalThis.queueMicrotask = (callback) => model.queueMicrotask(callback);
  try {
    return search((choose) => model = new Model(scenario, choose), scenario);
  } finally {
    Object.assign(Atomics, { load, add, exchange, store });
    globalThis.queueMicrotask = queueMicrotask;
  }
}

/** The depth-first search. */
function search(
  newModel: (choose: (count: number) => number) => Model,
  scenario: Scenario,
): { states: number; ends: number } {
  const seen = new Set<string>();
  let path: { choice: number; count: number }[] = [];
  let ends = 0;
  for (;;) {
    let depth = 0;
    let fresh = path.length === 0;
    const model = newModel((count) => {
      if (depth === path.length) path.push({ choice: 0, count });
      const { choice, count: before } = path[depth++];
      assert.equal(count, before, "a replay goes the same way");
      fresh ||= depth === path.length;
      assert.ok(depth < 1000, "a way without an end");
      return choice;
    });
    try {
      let isEnd = true;
      model.run((current) => {
        if (!fresh) return true;
        const state = current();
        isEnd = !seen.has(state);
        seen.add(state);
        return isEnd;
      });
      if (isEnd) ends++;
    } catch (error) {
      const choices = path.map(({ choice }) => choice).join(" ");
      throw new Error(`Scenario ${JSON.stringify(scenario)}, choices ${choices}`, { cause: error });
    }
    while (path.length > 0 && path.at(-1)!.choice + 1 === path.at(-1)!.count) path.pop();
    if (path.length === 0) return { states: seen.size, ends };
    path = [...path.slice(0, -1), { ...path.at(-1)!, choice: path.at(-1)!.choice + 1 }];
  }
}
