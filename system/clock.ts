/** Time and timers, as what depends on them sees them: a simulation puts in its own. */

/** What a timer is named by. */
export type TimerId = ReturnType<typeof setTimeout> | number;

/** A monotonic clock, the time of day, and timers. */
export interface Clock {
  /** Milliseconds since some fixed point; never goes back. */
  nowMs(): number;
  /** Milliseconds since 1970; goes back when somebody sets it back. */
  epochMs(): number;
  /** Calls `callback` once, `delayMs` from now. */
  setTimeout(callback: () => void, delayMs: number): TimerId;
  /** Forgets a timer; one that has fired is fine. */
  clearTimeout(timer: TimerId | undefined): void;
  /** Calls `callback` again and again, every `everyMs`. */
  setInterval(callback: () => void, everyMs: number): TimerId;
  /** Ends such calls. */
  clearInterval(timer: TimerId | undefined): void;
  /** Lets the process end although `timer` is not due yet. */
  unref(timer: TimerId): void;
}

/** The runtime's. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  epochMs: () => Date.now(),
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (timer) => clearTimeout(timer as number | undefined),
  setInterval: (callback, everyMs) => setInterval(callback, everyMs),
  clearInterval: (timer) => clearInterval(timer as number | undefined),
  unref: (timer) => Deno.unrefTimer(timer as number),
};
