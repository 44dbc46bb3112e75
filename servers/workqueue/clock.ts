/** The workqueue's time; tests replace it. */
import type { Clock as WholeClock, TimerId } from "../../system/clock.ts";

/** Timers and a monotonic clock. */
export type Clock = Pick<WholeClock, "nowMs" | "setTimeout" | "clearTimeout">;

/** A one-shot timer. Starting it while it runs has no effect. */
export class Timer {
  #clock: Clock;
  #callback: () => void;
  #timer: TimerId | null = null;

  constructor(clock: Clock, callback: () => void) {
    this.#clock = clock;
    this.#callback = callback;
  }

  /** Whether it is running. */
  get isRunning(): boolean {
    return this.#timer !== null;
  }

  /** Starts the timer unless it runs. */
  start(delayMs: number): void {
    this.#timer ??= this.#clock.setTimeout(() => {
      this.#timer = null;
      this.#callback();
    }, delayMs);
  }

  /** Stops the timer if it runs. */
  stop(): void {
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
  }
}
