/**
 * A Worker of a simulation: the real end of the protocol, on a simulated thread. Messages take time;
 * those of one Worker arrive in order, those of several in any order. While an item runs, the thread
 * does nothing else.
 */
import type { SimulatedClock } from "../../../servers/net/engines/simulated/clock.ts";
import type { Random } from "../../../servers/net/engines/simulated/random.ts";
import { type OwnerMessage, ToWorker } from "../../../servers/workqueue/messages.ts";
import type { WorkerMessage } from "../../../servers/workqueue/messages.ts";
import { WorkerEnd, type WorkFunction } from "../../../servers/workqueue/worker_end.ts";

/** What Workers have in common. */
export interface WorkerWorld {
  clock: SimulatedClock;
  random: Random;
  messageUs: number;
  createUs: number;
  functions(worker: SimulatedWorker): Record<string, WorkFunction<unknown>>;
}

/** A Worker. */
export class SimulatedWorker {
  onmessage: ((event: { data: WorkerMessage }) => void) | null = null;
  onmessageerror: (() => void) | null = null;
  onerror: ((event: { message: string; preventDefault(): void }) => void) | null = null;
  /** Its thread has ended. */
  isGone = false;
  readonly #world: WorkerWorld;
  readonly #end: WorkerEnd<unknown>;
  /** Until when its thread is busy. */
  #busyUntilUs = 0;
  /** When the last message to it, and from it, arrives. */
  #toWorkerUs = 0;
  #toOwnerUs = 0;
  #isTerminated = false;
  #isRunPlanned = false;

  constructor(world: WorkerWorld) {
    this.#world = world;
    this.#end = new WorkerEnd(world.functions(this), {
      post: (message) => this.#post(message),
      resume: () => this.#run(),
    });
  }

  /** Occupies the thread for the item that runs, for `us`. */
  busy(us: number): void {
    this.#busyUntilUs = Math.max(this.#busyUntilUs, this.#world.clock.nowUs) + us;
  }

  // What its owner does

  postMessage(message: OwnerMessage): void {
    const { clock, random, messageUs, createUs } = this.#world;
    const isFirst = message[0] === ToWorker.Init;
    const copy = isFirst ? message : structuredClone(message);
    const delayUs = isFirst ? random.below(createUs + 1) : random.below(messageUs + 1);
    this.#toWorkerUs = Math.max(this.#toWorkerUs, clock.nowUs + delayUs);
    clock.in(this.#toWorkerUs - clock.nowUs, () => this.#received(copy));
  }

  terminate(): void {
    this.#isTerminated = true;
    this.isGone = true;
  }

  /** Crashes it. @param isSilent it cannot report the error itself: the runtime does */
  crash(isSilent: boolean): void {
    if (this.isGone || this.#toOwnerUs === 0) return;
    if (isSilent) {
      this.#deliver(() =>
        this.onerror?.({ message: "Uncaught simulated crash", preventDefault() {} })
      );
    } else this.#end.crash("simulated crash");
    this.isGone = true;
  }

  #received(message: OwnerMessage): void {
    if (this.isGone) return;
    const { clock } = this.#world;
    const waitUs = this.#busyUntilUs - clock.nowUs;
    if (waitUs > 0) return clock.in(waitUs, () => this.#received(message));
    if (message[0] === ToWorker.Init) {
      const [, facts, cell, init, port] = message;
      return this.#end.ready(facts, cell, init, port);
    }
    this.#end.receive(message);
    this.#run();
  }

  /** Runs the items that wait, each when the previous one has released the thread. */
  #run(): void {
    const { clock } = this.#world;
    while (!this.isGone && this.#end.canBegin) {
      const waitUs = this.#busyUntilUs - clock.nowUs;
      if (waitUs <= 0) {
        this.#end.begin();
        continue;
      }
      if (this.#isRunPlanned) return;
      this.#isRunPlanned = true;
      return clock.in(waitUs, () => {
        this.#isRunPlanned = false;
        this.#run();
      });
    }
  }

  #post(message: WorkerMessage): void {
    if (this.isGone) return;
    const data = structuredClone(message);
    this.#deliver(() => this.onmessage?.({ data }));
  }

  /** Lets `event` happen at the owner, after all earlier ones. */
  #deliver(event: () => void): void {
    const { clock, random, messageUs } = this.#world;
    const sentUs = Math.max(clock.nowUs, this.#busyUntilUs);
    this.#toOwnerUs = Math.max(this.#toOwnerUs, sentUs + random.below(messageUs + 1), 1);
    clock.in(Math.max(0, this.#toOwnerUs - clock.nowUs), () => {
      if (this.#isTerminated) return;
      clock.hasPromises = true;
      event();
    });
  }
}
