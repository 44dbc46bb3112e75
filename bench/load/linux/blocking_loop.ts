/**
 * The loop of a thread that waits in system calls. It blocks the thread until the run ends:
 * incoming messages and timers of the runtime wait until then, but outgoing messages are delivered.
 */
import { removeTimerSlack } from "../../../system/linux/timer_slack.ts";
import { Alarms } from "../alarms.ts";
import { clockUs } from "../clock.ts";
import type { Check, LoadLoop } from "../loop.ts";

/** Something to resume after the events of a turn have been handled. */
export interface Resumable {
  resume(): void;
}

/**
 * Most actions of a turn, so that a thousand clients that start at once do not delay the handling
 * of the first answers.
 */
const MAX_ACTIONS = 8;

export abstract class BlockingLoop implements LoadLoop {
  readonly #alarms = new Alarms();
  #resumed: Resumable[] = [];
  #hasEnded = false;

  /** Needs permission for FFI. */
  constructor() {
    removeTimerSlack();
  }

  /**
   * Waits for events of sockets, and handles them.
   *
   * @param timeoutMs the longest time to wait, with fractions; 0: not at all
   * @param isPrecise whether an action is due at the end of that time
   */
  protected abstract turn(timeoutMs: number, isPrecise: boolean): void;

  abstract close(): void;

  at(dueUs: number, action: () => void): void {
    this.#alarms.add(dueUs, action);
  }

  /** Calls `resume` of `socket` before the next wait. */
  soon(socket: Resumable): void {
    this.#resumed.push(socket);
  }

  end(): void {
    this.#hasEnded = true;
  }

  // deno-lint-ignore require-await
  async run(begin: () => void, check: Check): Promise<void> {
    this.#hasEnded = false;
    try {
      begin();
      this.#turnUntilEnd(check);
    } finally {
      this.#alarms.clear();
      this.#resumed.length = 0;
    }
  }

  #turnUntilEnd({ everyMs, action }: Check): void {
    const alarms = this.#alarms;
    const everyUs = everyMs * 1000;
    let checkUs = clockUs() + everyUs;
    while (!this.#hasEnded) {
      let nowUs = clockUs();
      if (nowUs >= checkUs) {
        action();
        nowUs = clockUs();
        checkUs = nowUs + everyUs;
      }
      if (alarms.nextUs <= nowUs) {
        for (let i = 0; i < MAX_ACTIONS && alarms.nextUs <= nowUs; ++i) alarms.take()();
        nowUs = clockUs();
      }
      if (this.#resumed.length > 0) {
        const resumed = this.#resumed;
        this.#resumed = [];
        for (const socket of resumed) socket.resume();
        nowUs = clockUs();
      }
      if (this.#hasEnded) break;
      const isPrecise = alarms.nextUs < checkUs;
      const untilUs = isPrecise ? alarms.nextUs : checkUs;
      const mayWait = untilUs > nowUs && this.#resumed.length === 0;
      this.turn(mayWait ? (untilUs - nowUs) / 1000 : 0, isPrecise);
    }
  }
}
