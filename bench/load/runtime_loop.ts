/** The loop over the runtime's event loop: sockets report by promises and callbacks. */
import { clearImmediate, setImmediate } from "node:timers";
import { Alarms } from "./alarms.ts";
import { clockUs } from "./clock.ts";
import type { Check, LoadLoop } from "./loop.ts";

/**
 * Timers may fire this late, in microseconds. The end of a wait therefore spins the event loop, so
 * that it ends within microseconds.
 */
const TIMER_SLACK_US = 2400;

/** The longest sleep: timers support 31 bits. */
const MAX_SLEEP_MS = 2 ** 31 - 1;

export class RuntimeLoop implements LoadLoop {
  readonly #alarms = new Alarms();
  /** The time that is waited for; `Infinity`: none. */
  #armedUs = Infinity;
  #timeout: ReturnType<typeof setTimeout> | undefined;
  #immediate: ReturnType<typeof setImmediate> | undefined;
  #run = Promise.withResolvers<void>();

  at(dueUs: number, action: () => void): void {
    this.#alarms.add(dueUs, action);
    if (dueUs < this.#armedUs) this.#arm();
  }

  async run(begin: () => void, { everyMs, action }: Check): Promise<void> {
    this.#run = Promise.withResolvers<void>();
    const timer = setInterval(action, everyMs);
    try {
      begin();
      await this.#run.promise;
    } finally {
      clearInterval(timer);
      this.#alarms.clear();
      this.#disarm();
    }
  }

  end(): void {
    this.#run.resolve();
  }

  close(): void {}

  #arm(): void {
    this.#disarm();
    this.#armedUs = this.#alarms.nextUs;
    if (this.#armedUs === Infinity) return;
    const sleepMs = Math.floor((this.#armedUs - clockUs() - TIMER_SLACK_US) / 1000);
    if (sleepMs > 0) this.#timeout = setTimeout(this.#ring, Math.min(sleepMs, MAX_SLEEP_MS));
    else this.#immediate = setImmediate(this.#ring);
  }

  #disarm(): void {
    clearTimeout(this.#timeout);
    clearImmediate(this.#immediate);
    this.#armedUs = Infinity;
  }

  readonly #ring = () => {
    // Alarms that are added meanwhile are handled below.
    this.#armedUs = -Infinity;
    const nowUs = clockUs();
    while (this.#alarms.nextUs <= nowUs) this.#alarms.take()();
    this.#arm();
  };
}
