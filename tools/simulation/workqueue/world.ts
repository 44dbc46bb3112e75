/** A simulated workqueue with its Workers, from the first item to the last. */
import type { SimulatedClock } from "../../../servers/net/engines/simulated/clock.ts";
import { Random } from "../../../servers/net/engines/simulated/random.ts";
import type { Trace } from "../../../servers/net/engines/simulated/trace.ts";
import {
  allocWorkqueue,
  cancelWork,
  cancelWorkSync,
  DescriptorReserve,
  destroyWorkqueue,
  drainWorkqueue,
  flushWork,
  flushWorkqueue,
  freezeWorkqueues,
  killWork,
  modDelayedWork,
  queueDelayedWork,
  queueWork,
  sendToWork,
  thawWorkqueues,
  Work,
  WorkerPools,
  type Workqueue,
  WQ_UNBOUND,
} from "../../../servers/workqueue/mod.ts";
import { JobState } from "../../../servers/workqueue/work.ts";
import type { WorkFunction } from "../../../servers/workqueue/worker_end.ts";
import { hold, Wrong } from "../failure.ts";
import { runToRest } from "../settle.ts";
import type { QueueEvent, QueuePlan, QueueSettings } from "./plan.ts";
import { SimulatedWorker, type WorkerWorld } from "./simulated_worker.ts";

/** What has happened to an item; all numbers only grow. */
interface Fate {
  accepted: number;
  cancelled: number;
  begun: number;
  results: number;
  errors: number;
  sent: number;
  read: number;
  unread: number;
  /** The Workers that run it now. */
  running: Set<SimulatedWorker>;
}

/** A call that waits, and whether it has returned. */
interface Promised {
  what: string;
  isOver: boolean;
}

/** The world of a simulated workqueue. */
export class QueueWorld implements WorkerWorld {
  readonly clock: SimulatedClock;
  readonly random: Random;
  readonly messageUs: number;
  readonly createUs: number;
  readonly #trace: Trace;
  readonly #settings: QueueSettings;
  readonly #events: QueueEvent[];
  readonly #workers: SimulatedWorker[] = [];
  readonly #works: Work<number, number>[];
  readonly #fates: Fate[];
  readonly #queue: Workqueue;
  readonly #promised: Promised[] = [];
  /** The error with which creating a Worker fails now. */
  #refusal: Error | undefined;
  #isDestroying = false;
  #fault: unknown;

  constructor({ settings, events }: QueuePlan, clock: SimulatedClock, trace: Trace) {
    this.clock = clock;
    this.#trace = trace;
    this.#settings = settings;
    this.#events = events;
    this.messageUs = settings.messageUs;
    this.createUs = settings.createUs;
    this.random = new Random(settings.items.length, 4);
    const pools = new WorkerPools({ ...this.#poolOptions(), clock });
    pools.options.source = {
      reserve: new DescriptorReserve(() => ({ close() {} }), 0),
      init: null,
      onPrint: () => {},
      create: () => this.#createWorker() as unknown as Worker,
    };
    this.#queue = allocWorkqueue("simulated", {
      flags: settings.flags,
      maxActive: settings.maxActive,
      pools,
    });
    this.#fates = settings.items.map(() => ({
      accepted: 0,
      cancelled: 0,
      begun: 0,
      results: 0,
      errors: 0,
      sent: 0,
      read: 0,
      unread: 0,
      running: new Set(),
    }));
    this.#works = settings.items.map(({ run }, item) => {
      const fate = this.#fates[item];
      return new Work<number, number>(run, item, {
        onResult: (result) => {
          trace.note(item, "result");
          if (result !== item) {
            this.#fault ??= new Wrong(`item ${item} got the result of ${result}`);
          }
          ++fate.results;
        },
        onError: () => {
          trace.note(item, "error");
          ++fate.errors;
        },
        onUnread: (messages) => void (fate.unread += messages.length),
      });
    });
  }

  functions(worker: SimulatedWorker): Record<string, WorkFunction<unknown>> {
    const begin = (item: number) => {
      const fate = this.#fates[item];
      const others = [...fate.running].filter(({ isGone }) => !isGone);
      if (others.length > 0) this.#fault ??= new Wrong(`item ${item} runs beside itself`);
      fate.running.add(worker);
      ++fate.begun;
      this.#trace.note(item, "begins");
      this.#checkActive();
    };
    const end = (item: number) => {
      this.#fates[item].running.delete(worker);
      return item;
    };
    const us = (item: number) => this.#settings.items[item].us;
    return {
      busy: (item: number, context) => {
        begin(item);
        context.onMessage(() => void this.#fates[item].read++);
        worker.busy(us(item));
        // It runs until its thread is free again, or until its Worker crashes.
        this.clock.in(us(item), () => void end(item));
        return item;
      },
      asleep: (item: number, context) => {
        begin(item);
        context.onMessage(() => void this.#fates[item].read++);
        return new Promise((resolve) =>
          this.clock.in(us(item), () => {
            this.clock.hasPromises = true;
            if (!worker.isGone) resolve(end(item));
          })
        );
      },
      fails: (item: number) => {
        begin(item);
        end(item);
        throw new Error("as it should");
      },
      exits: (item: number) => {
        begin(item);
        end(item);
        worker.crash(false);
      },
    };
  }

  /** Runs the plan to its end. @throws {Wrong} when something was wrong */
  async run(): Promise<void> {
    for (const event of this.#events) {
      this.clock.in(event.atUs, () => {
        this.clock.hasPromises = true;
        this.#happen(event);
      });
    }
    await this.#rest();
    thawWorkqueues();
    this.clock.hasPromises = true;
    await this.#rest();
    if (!this.#isDestroying) this.#destroy();
    await this.#rest();
    this.#checkEnd();
  }

  #rest(): Promise<void> {
    return runToRest(this.clock, () => {
      if (this.#fault !== undefined) throw this.#fault;
      this.#checkFates();
    });
  }

  #poolOptions() {
    const { cpus, maxWorkers, minIdle, idleTimeoutMs, growDelayMs, reuse } = this.#settings;
    const { areCpusShort } = this.#settings;
    return {
      entry: new URL("simulated:worker"),
      cpus,
      maxWorkers,
      minIdle,
      idleTimeoutMs,
      growDelayMs,
      reuse,
      areCpusShort: () => areCpusShort,
    };
  }

  #createWorker(): SimulatedWorker {
    if (this.#refusal) throw this.#refusal;
    const worker = new SimulatedWorker(this);
    this.#workers.push(worker);
    return worker;
  }

  #happen(event: QueueEvent): void {
    const queue = this.#queue;
    this.#trace.note("item" in event ? event.item : 0, event.do);
    switch (event.do) {
      case "queue":
        return this.#accept(event.item, (work) => queueWork(queue, work));
      case "delay":
        return this.#accept(event.item, (work) => queueDelayedWork(queue, work, event.delayMs));
      case "move":
        return this.#accept(event.item, (work, fate) => {
          if (modDelayedWork(queue, work, event.delayMs)) ++fate.cancelled;
          return true;
        });
      case "cancel":
        if (cancelWork(this.#works[event.item])) ++this.#fates[event.item].cancelled;
        return;
      case "cancel and wait": {
        const { item } = event;
        const work = this.#works[item];
        const job = work.pending;
        const promise = cancelWorkSync(work);
        // A job that has begun is the running one by now.
        const isCancelled = job !== null && work.pending !== job && work.running !== job;
        if (isCancelled) ++this.#fates[item].cancelled;
        return this.#await(`cancelWorkSync of item ${item}`, promise, (wasPending) => {
          hold(wasPending === isCancelled, `cancelWorkSync of item ${item} says ${wasPending}`);
        });
      }
      case "flush item": {
        const due = this.#accepted(event.item);
        const fate = this.#fates[event.item];
        const { cancelled } = fate;
        const flushed = flushWork(this.#works[event.item]);
        return this.#await(`flushWork of item ${event.item}`, flushed, () => {
          // It waits for what was queued last: when that is cancelled, it waits for nothing else.
          if (fate.cancelled === cancelled) this.#checkOver(event.item, due, "flushWork");
        });
      }
      case "flush": {
        const due = this.#dueNow();
        return this.#await("flushWorkqueue", flushWorkqueue(queue), () => {
          due.forEach((count, item) => this.#checkOver(item, count, "flushWorkqueue"));
        });
      }
      case "drain": {
        const due = this.#dueNow();
        return this.#await("drainWorkqueue", drainWorkqueue(queue), () => {
          due.forEach((count, item) => this.#checkOver(item, count, "drainWorkqueue"));
        });
      }
      case "freeze":
        void freezeWorkqueues();
        return;
      case "thaw":
        return thawWorkqueues();
      case "kill":
        killWork(this.#works[event.item], "killed");
        return;
      case "send":
        if (sendToWork(this.#works[event.item], "hello")) ++this.#fates[event.item].sent;
        return;
      case "crash":
        return this.#workers[event.worker]?.crash(event.isSilent);
      case "refuse Workers": {
        const reason = event.isOutOfDescriptors ? "Too many open files (os error 24)" : "no module";
        this.#refusal = new Error(reason);
        return this.clock.in(event.forUs, () => this.#refusal = undefined);
      }
      case "stall":
        return this.clock.stall(event.ms);
      case "destroy":
        // A frozen queue does not end before it is thawed.
        thawWorkqueues();
        return this.#destroy();
    }
  }

  #destroy(): void {
    this.#isDestroying = true;
    this.clock.hasPromises = true;
    this.#await("destroyWorkqueue", destroyWorkqueue(this.#queue), () => {
      this.#fates.forEach((_, item) =>
        this.#checkOver(item, this.#accepted(item), "destroyWorkqueue")
      );
    });
  }

  #accept(item: number, queue: (work: Work<number, number>, fate: Fate) => boolean): void {
    const fate = this.#fates[item];
    try {
      if (queue(this.#works[item], fate)) ++fate.accepted;
    } catch (error) {
      // Expected from a queue that drains or is destroyed.
      if (!/is draining|is destroyed/.test((error as Error).message)) throw error;
    }
  }

  /** How often `item` was accepted, and not cancelled. */
  #accepted(item: number): number {
    return this.#fates[item].accepted - this.#fates[item].cancelled;
  }

  /** How many runs of each item were accepted and not cancelled, without one that is delayed. */
  #dueNow(): number[] {
    return this.#works.map(({ pending }, item) =>
      this.#accepted(item) - (pending?.state === JobState.Delayed ? 1 : 0)
    );
  }

  /** The first `count` runs of `item` that were accepted must be over. */
  #checkOver(item: number, count: number, what: string): void {
    const { results, errors, cancelled } = this.#fates[item];
    // Runs that were cancelled since count as over.
    if (results + errors + cancelled >= count) return;
    throw new Wrong(
      `${what} has returned, and of ${count} runs of item ${item} ${results + errors} are over`,
    );
  }

  #await<T>(what: string, promise: Promise<T>, check: (value: T) => void): void {
    const promised = { what, isOver: false };
    this.#promised.push(promised);
    promise.then((value) => {
      promised.isOver = true;
      check(value);
    }).catch((error) => this.#fault ??= error);
  }

  /** Checks that no more items run at once than `maxActive` allows. */
  #checkActive(): void {
    const { maxActive, flags, cpus } = this.#settings;
    if (maxActive === 0) return;
    const most = flags & WQ_UNBOUND ? maxActive : maxActive * cpus;
    let running = 0;
    for (const fate of this.#fates) {
      for (const { isGone } of fate.running) if (!isGone) ++running;
    }
    if (running <= most) return;
    this.#fault ??= new Wrong(`${running} items run at once, ${most} may`);
  }

  #checkFates(): void {
    this.#fates.forEach(({ accepted, begun, results, errors }, item) => {
      hold(begun <= accepted, () => `item ${item} ran ${begun} times of ${accepted}`);
      hold(results + errors <= accepted, () => `item ${item} ended more often than it was queued`);
    });
  }

  #checkEnd(): void {
    for (const { what, isOver } of this.#promised) hold(isOver, `${what} never returns`);
    this.#fates.forEach((fate, item) => {
      const { accepted, cancelled, results, errors, begun, sent, read, unread } = fate;
      hold(
        results + errors === accepted - cancelled,
        () =>
          `item ${item}: ${accepted} accepted, ${cancelled} cancelled, ${results + errors} ended`,
      );
      hold(begun <= accepted - cancelled, () => `item ${item}: a cancelled run began`);
      hold(read + unread <= sent, () => `item ${item}: a message was read twice`);
      const { pending, running } = this.#works[item];
      hold(pending === null && running === null, () => `item ${item} is not over`);
    });
    const alive = this.#workers.filter(({ isGone }) => !isGone).length;
    hold(alive === 0, `${alive} Workers are left`);
    hold(this.clock.timers === 0, `${this.clock.timers} timers are left`);
  }
}
