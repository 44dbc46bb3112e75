/**
 * The loop of a thread that waits for its sockets in system calls.
 *
 * It blocks the thread, and with it the runtime's promises, timers and messages. Therefore it
 * blocks only while no promise of a service is outstanding and no message is on its way; otherwise
 * it polls for events without blocking, and gives the runtime a turn in between.
 */
import { setImmediate } from "node:timers";
import { drainEventFd } from "../../../../system/linux/eventfd.ts";
import type { Waker } from "./waker.ts";

/** Waits for events of sockets, and handles them. */
export interface EventSource {
  /**
   * @param timeoutMs the longest time to block; 0: not at all, `Infinity`: until there is an event
   * @returns how many events there were
   */
  turn(timeoutMs: number): number;
}

/** Work that is due at certain times. */
export interface LoopClock {
  /**
   * Called before each turn. @returns the longest time to block, in ms: at most `MAX_BLOCK_MS`, or
   * `Infinity` when the clock itself causes an event in time
   */
  untilDue(): number;
  /** Does what is due. @returns whether anything was */
  turnIfDue(): boolean;
}

/** The longest time to block, in ms; timers of the runtime may be late by as much. */
export const MAX_BLOCK_MS = 1000;

/**
 * Turns without an event that spin while something is outstanding; after that, each turn waits 1
 * ms.
 */
const SPINS = 200;

/** Lets the runtime complete promises, fire timers and deliver messages. */
function runtimeTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** A loop, which runs until `stop` is called, from a message or a promise. */
export class EventLoop {
  readonly waker: Waker;
  /** Called when the waker has become readable, in the middle of a turn. */
  onWoken: (() => void) | undefined;
  readonly #source: EventSource;
  readonly #clock: LoopClock;
  #held = 0;
  #handled = 0;
  #isStopped = false;

  constructor(source: EventSource, { clock, waker }: { clock: LoopClock; waker: Waker }) {
    this.#source = source;
    this.#clock = clock;
    this.waker = waker;
    // Messages to a previous thread were lost with it.
    this.#handled = Atomics.load(waker.sent, 0);
  }

  /** Keeps the loop from blocking, as a promise is outstanding, until `release`. */
  hold(): void {
    ++this.#held;
  }

  release(): void {
    --this.#held;
  }

  /** Holds until `promise` is settled. @returns `promise` */
  holdFor<T>(promise: Promise<T>): Promise<T> {
    this.hold();
    return promise.finally(() => this.release());
  }

  /** To be called when a message that the waker announced was handled. */
  messageHandled(): void {
    ++this.#handled;
  }

  /** Makes `run` return. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Runs until `stop`. @throws what the source throws: it cannot go on */
  async run(): Promise<void> {
    const clock = this.#clock;
    let quietTurns = 0;
    while (!this.#isStopped) {
      const mayBlock = this.#held === 0 && !this.#hasMessage();
      const blockMs = clock.untilDue();
      const timeoutMs = mayBlock ? blockMs : quietTurns < SPINS ? 0 : 1;
      const events = this.#source.turn(timeoutMs);
      quietTurns = events > 0 ? 0 : quietTurns + 1;
      const hasTicked = clock.turnIfDue();
      if (!mayBlock || hasTicked || events === 0) await runtimeTurn();
    }
  }

  /** The waker has become readable. */
  woken(): void {
    drainEventFd(this.waker.fd);
    this.onWoken?.();
  }

  #hasMessage(): boolean {
    return Atomics.load(this.waker.sent, 0) !== this.#handled;
  }
}
