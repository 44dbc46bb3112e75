/** Checks that a connection never waits for longer than its timeouts allow. */
import type { Core } from "../../../core/mod.ts";
import type { Connection, Timeouts } from "../../../servers/net/connection.ts";
import { Want } from "../../../servers/net/driver.ts";
import { Phase, type Service } from "../../../servers/net/service.ts";
import { hold } from "../failure.ts";

/** What the bounds depend on. */
export interface TimeoutRules {
  core: Core;
  service: Service;
  timeouts: Timeouts;
  nowMs(): number;
  /** How much later than its time a timeout may come, in ms. */
  lateMs(): number;
  /** Called with what is wrong. */
  fault(error: unknown): void;
}

/** Time within which a closed connection ends, in ms: a disk may be late by 2 s. */
const CLOSED_MS = 2500;

/** The deadline of a connection. */
class Patience {
  readonly #connection: Connection;
  readonly #rules: TimeoutRules;
  #deadlineMs = Infinity;
  #for = "";
  /** When the head that it waits for began, and how many requests came before it. */
  #headMs = 0;
  #headIndex = -1;
  #lingerMs = -1;

  constructor(connection: Connection, rules: TimeoutRules) {
    this.#connection = connection;
    this.#rules = rules;
  }

  /** Called before an event: checks the deadline. */
  check(): void {
    const { nowMs, lateMs } = this.#rules;
    const overMs = nowMs() - this.#deadlineMs - lateMs();
    hold(overMs <= 0, () => `a connection ${this.#for} ${Math.ceil(overMs)} ms too long`);
  }

  /** Called after an event: sets the next deadline. */
  renew(isClosed: boolean): void {
    const { nowMs, timeouts, core, service } = this.#rules;
    const connection = this.#connection;
    const now = nowMs();
    if (connection.isOver) this.#set(Infinity, "");
    else if (isClosed) this.#set(now + CLOSED_MS, "is closed");
    else if (connection.isLingering) {
      if (this.#lingerMs < 0) this.#lingerMs = now;
      this.#set(this.#lingerMs + timeouts.lingerMs, "lingers");
    } else if (connection.isReceiving) {
      const phase = service.phase(connection.conn);
      const { idleMs, contentMs } = timeouts;
      if (phase === Phase.Idle) this.#set(idleMs === 0 ? Infinity : now + idleMs, "is idle");
      else if (phase === Phase.Content) this.#set(now + contentMs, "waits for content");
      else {
        const index = core.served(connection.conn);
        if (index !== this.#headIndex) this.#headMs = now;
        this.#headIndex = index;
        this.#set(this.#headMs + timeouts.headMs, "waits for a head");
      }
    } else if (connection.isAwaiting && !connection.isWriting) this.#set(Infinity, "");
    else this.#set(now + timeouts.writeMs, "sends");
  }

  #set(deadlineMs: number, what: string): void {
    this.#deadlineMs = deadlineMs;
    this.#for = what;
  }
}

/** Events after which a connection gets a new deadline. */
const EVENTS = [
  "start",
  "received",
  "sent",
  "fileEnded",
  "finished",
  "resumed",
  "rejected",
  "failed",
  "onTimeout",
  "end",
] as const;

/** Calls `rules.fault` when `connection` waits for too long. */
export function watchTimeouts(connection: Connection, rules: TimeoutRules): void {
  const patience = new Patience(connection, rules);
  for (const name of EVENTS) {
    const event = connection[name].bind(connection) as (...args: unknown[]) => Want | void;
    const watched = (...args: unknown[]) => {
      const wasOver = connection.isOver;
      const attempt = (action: () => void) => {
        try {
          if (!wasOver) action();
        } catch (error) {
          rules.fault(error);
        }
      };
      attempt(() => patience.check());
      const want = event(...args);
      attempt(() => patience.renew(want === Want.Close));
      return want;
    };
    Object.assign(connection, { [name]: watched });
  }
}
