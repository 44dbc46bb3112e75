/** The interface to time and timers, which simulations replace. */

/** Identifies a timer. */
export type TimerId = ReturnType<typeof setTimeout> | number;

/** A monotonic clock, the time of day, and timers. */
export interface Clock {
  /** Milliseconds since some fixed point; never goes back. */
  nowMs(): number;
  /** Milliseconds since 1970; goes back when the system's clock is set back. */
  epochMs(): number;
  /** Calls `callback` once, `delayMs` from now. */
  setTimeout(callback: () => void, delayMs: number): TimerId;
  /** Cancels a timer; it may have fired already. */
  clearTimeout(timer: TimerId | undefined): void;
  /** Calls `callback` repeatedly, every `everyMs`. */
  setInterval(callback: () => void, everyMs: number): TimerId;
  /** Cancels an interval. */
  clearInterval(timer: TimerId | undefined): void;
  /** Lets the process end although `timer` is not due yet. */
  unref(timer: TimerId): void;
}

/** The runtime's clock. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  epochMs: () => Date.now(),
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (timer) => clearTimeout(timer as number | undefined),
  setInterval: (callback, everyMs) => setInterval(callback, everyMs),
  clearInterval: (timer) => clearInterval(timer as number | undefined),
  unref: (timer) => Deno.unrefTimer(timer as number),
};
