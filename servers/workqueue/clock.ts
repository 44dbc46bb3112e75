/** Time as the workqueue sees it; tests put in their own. */

/** What `setTimeout` returned. */
export type TimerId = ReturnType<typeof setTimeout> | number;

/** Timers and a monotonic clock. */
export interface Clock {
  /** Milliseconds since some fixed point. */
  nowMs(): number;
  /** Calls `callback` once, `delayMs` from now. */
  setTimeout(callback: () => void, delayMs: number): TimerId;
  /** Forgets a timer; one that has fired is fine. */
  clearTimeout(timer: TimerId): void;
}

/** The system's monotonic clock. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (timer) => clearTimeout(timer as number),
};

/** A timer that is either off or due once; starting it again does not move it. */
export class Timer {
  #clock: Clock;
  #callback: () => void;
  #timer: TimerId | null = null;

  constructor(clock: Clock, callback: () => void) {
    this.#clock = clock;
    this.#callback = callback;
  }

  /** Whether it is started. */
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
