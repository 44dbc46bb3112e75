/**
 * The parser of ktcp's servers, fed part by part: the same core.wasm that they run, with how far it had
 * looked after each part.
 */
import {
  Code,
  Core,
  Event,
  faultOf,
  Flag,
  inspectBlock,
  type ParserState,
} from "../../../core/mod.ts";
import { type Cuts, everyCut, partsOf } from "../bytes/cuts.ts";
import type { Framing, Reading, ReadMessage } from "./reading.ts";

/** Where the parser stood after a part. Offsets count from the first byte of the stream. */
export interface PartReading {
  from: number;
  to: number;
  /** Everything before this offset is consumed. */
  consumed: number;
  /** Where the search for the end of an incomplete line goes on; a refusal needs no byte after it. */
  scanned: number;
  state: ParserState;
  /** What it found in this part: `head`, `content`, `end`, `error`. */
  events: ("head" | "content" | "end" | "error")[];
}

/** What the core makes of a stream in parts. */
export interface CoreReading extends Reading {
  parts: PartReading[];
}

/** Whether all ways of cutting a stream give the same reading. */
export interface CutProof {
  /** Ways in which it was cut. */
  ways: number;
  /** The first one that gave another reading; absent: all gave the same. */
  differing?: Cuts;
}

/** The most single cuts that are tried; in longer streams they are evenly spaced. */
const MOST_SINGLE_CUTS = 2000;

/** The core in the page, with one connection at a time. */
export class CoreReader {
  readonly #core = Core.create({ blocks: 4 });

  /** Parses `bytes`, arriving in the parts that `cuts` make, on a connection of its own. */
  read(bytes: Uint8Array<ArrayBuffer>, cuts: Cuts = []): CoreReading {
    const reading = this.#read(bytes, cuts);
    if (reading.refusal === undefined) return reading;
    // Byte by byte, it stops in the line that is refused, at the byte that decides.
    const { refusal, parts } = this.#read(bytes, everyCut(bytes.length));
    const { consumed, to: scanned } = parts.at(-1)!;
    const last = { ...reading.parts.at(-1)!, consumed, scanned };
    return { ...reading, refusal, parts: [...reading.parts.slice(0, -1), last] };
  }

  #read(bytes: Uint8Array<ArrayBuffer>, cuts: Cuts): CoreReading {
    const conn = this.#core.open();
    try {
      return new Run(this.#core, conn).read(partsOf(bytes, cuts));
    } finally {
      this.#core.close(conn);
    }
  }

  /** Parses `bytes` whole, cut at each single place, and byte by byte, and compares the readings. */
  prove(bytes: Uint8Array<ArrayBuffer>): CutProof {
    const whole = verdictOf(this.#read(bytes, []));
    const places = everyCut(bytes.length);
    const step = Math.max(1, Math.ceil(places.length / MOST_SINGLE_CUTS));
    const ways: Cuts[] = places.filter((_, i) => i % step === 0).map((cut) => [cut]);
    if (places.length > 0) ways.push(places);
    const differing = ways.find((cuts) => verdictOf(this.#read(bytes, cuts)) !== whole);
    return { ways: 1 + ways.length, ...(differing !== undefined && { differing }) };
  }
}

/** Everything that must not depend on the cuts. */
function verdictOf({ messages, ending, refusal }: CoreReading): string {
  return JSON.stringify({ messages, ending, status: refusal?.status, reason: refusal?.reason });
}

/** One stream. */
class Run {
  readonly #core: Core;
  readonly #conn: number;
  readonly #messages: ReadMessage[] = [];
  readonly #parts: PartReading[] = [];
  #message: ReadMessage | undefined;
  /** Bytes handed to the core so far, and the offset at which the last message ended. */
  #received = 0;
  #ended = 0;
  #isOver = false;

  constructor(core: Core, conn: number) {
    this.#core = core;
    this.#conn = conn;
  }

  read(parts: Uint8Array[]): CoreReading {
    const core = this.#core;
    for (let part of parts) {
      if (this.#isOver) break;
      const from = this.#received;
      const to = from + part.length;
      const events: PartReading["events"] = [];
      while (part.length > 0 && !this.#isOver) {
        const count = core.receive(this.#conn, part);
        if (count === 0) throw new Error("The parser leaves no room for input");
        this.#received += count;
        part = part.subarray(count);
        this.#take(events);
      }
      const { input, consumed, scanned, parser } = inspectBlock(core, this.#conn);
      const start = this.#received - input.length;
      this.#parts.push({
        from,
        to,
        consumed: start + consumed,
        scanned: start + scanned,
        state: parser,
        events,
      });
    }
    const reading = { messages: this.#messages, parts: this.#parts };
    const code = core.code(this.#conn);
    if (this.#isOver && code !== Code.None) {
      const at = this.#parts.at(-1)!.consumed;
      return { ...reading, ending: "refused", refusal: { ...faultOf(code), at } };
    }
    if (this.#isOver) return { ...reading, ending: "closed" };
    return { ...reading, ending: core.isInMessage(this.#conn) ? "incomplete" : "ready" };
  }

  /** Offset in the stream of the byte that is parsed next. */
  get #place(): number {
    return this.#received - this.#core.pending(this.#conn);
  }

  #take(events: PartReading["events"]): void {
    const core = this.#core;
    const conn = this.#conn;
    while (!this.#isOver) {
      switch (core.next(conn)) {
        case Event.NeedMore:
          return;
        case Event.Error:
          events.push("error");
          this.#isOver = true;
          return;
        case Event.Head:
          events.push("head");
          this.#begin();
          break;
        case Event.Body:
          if (events.at(-1) !== "content") events.push("content");
          this.#message!.content += core.latin1(core.pieceStart(conn), core.pieceLength(conn));
          break;
        case Event.End:
          events.push("end");
          this.#end();
          break;
      }
    }
  }

  #begin(): void {
    const core = this.#core;
    const conn = this.#conn;
    const flags = core.flags(conn);
    this.#message = {
      method: core.methodName(conn),
      target: core.target(conn),
      version: `1.${core.minorAsSent(conn)}`,
      fields: core.fields(conn),
      framing: framingOf(flags),
      content: "",
      keepsAlive: (flags & Flag.KeepAlive) !== 0,
      from: this.#ended,
    };
    this.#messages.push(this.#message);
    if ((flags & Flag.HasBody) === 0) this.#end();
  }

  #end(): void {
    const message = this.#message!;
    message.to = this.#ended = this.#place;
    // As a server does: nothing after it is read.
    this.#isOver = !message.keepsAlive;
  }
}

function framingOf(flags: number): Framing {
  if ((flags & Flag.Chunked) !== 0) return "chunked";
  return (flags & Flag.HasBody) !== 0 ? "length" : "none";
}
