/**
 * Feeds the core's request parser and writes down what it reports, in the terms of the cases.
 */
import { Core, Event, faultOf, Flag } from "../../core/mod.ts";
import { type Cuts, pieces } from "../../bench/check/cuts.ts";
import type { ParserEvent } from "../../bench/check/http/cases.ts";

/** A core with room for a few connections. */
export function smallCore(): Core {
  return Core.create({ blocks: 16 });
}

/** How events are asked for: by `next`, or each time by `peek` before. */
type Asking = "next" | "peek";

/**
 * Parses `bytes`, arriving in the pieces that `cuts` make, on a connection of its own.
 *
 * @returns what a server sees, to the message that closes the connection or the fault
 */
export function parseRequests(
  core: Core,
  bytes: Uint8Array,
  cuts: Cuts = [],
  asking: Asking = "next",
): ParserEvent[] {
  const conn = core.open();
  try {
    return new Recorder(core, conn, asking).run(pieces(bytes, cuts));
  } finally {
    core.close(conn);
  }
}

class Recorder {
  readonly #core: Core;
  readonly #conn: number;
  readonly #events: ParserEvent[] = [];
  readonly #asking: Asking;
  #body = "";
  #done = false;

  constructor(core: Core, conn: number, asking: Asking) {
    this.#core = core;
    this.#conn = conn;
    this.#asking = asking;
  }

  run(parts: Uint8Array[]): ParserEvent[] {
    for (let part of parts) {
      while (part.length > 0 && !this.#done) {
        const count = this.#core.receive(this.#conn, part);
        if (count === 0) throw new Error("the parser leaves no room for input");
        part = part.subarray(count);
        this.#take();
      }
    }
    if (!this.#done && this.#core.isInMessage(this.#conn)) this.#events.push({ incomplete: true });
    return this.#events;
  }

  /** Takes all events that are there. */
  #take(): void {
    const core = this.#core;
    const conn = this.#conn;
    while (!this.#done) {
      switch (this.#next()) {
        case Event.NeedMore:
          return;
        case Event.Error:
          this.#events.push({ error: faultOf(core.code(conn)).status });
          this.#done = true;
          return;
        case Event.Head:
          this.#body = "";
          if ((core.flags(conn) & Flag.HasBody) === 0) this.#message();
          break;
        case Event.Body:
          this.#body += core.latin1(core.pieceStart(conn), core.pieceLength(conn));
          break;
        case Event.End:
          this.#message();
          break;
      }
    }
  }

  #next(): Event {
    const core = this.#core;
    const conn = this.#conn;
    if (this.#asking === "next") return core.next(conn);
    const peeked = core.peek(conn);
    if (core.peek(conn) !== peeked) throw new Error("peek() does not repeat what it said");
    const event = core.next(conn);
    if (event !== peeked) throw new Error(`peek() says ${peeked}, next() ${event}`);
    return event;
  }

  #message(): void {
    const core = this.#core;
    const conn = this.#conn;
    const last = (core.flags(conn) & Flag.KeepAlive) === 0;
    this.#events.push({
      method: core.methodName(conn),
      target: core.target(conn),
      minor: core.minorAsSent(conn),
      body: this.#body,
      last,
    });
    this.#done = last;
  }
}
