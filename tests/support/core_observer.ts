/**
 * Watches everything that a host can see of the request parser, and what it must not depend on:
 * where the input was cut, and the bytes that stand behind its end.
 */
import { type Core, Event } from "../../core/mod.ts";
import { Place } from "../../core/shared/abi.ts";
import { latin1Text } from "../../bench/check/latin1.ts";

/** A request head as a host reads it out of the core. */
export interface ObservedHead {
  head: string;
  target: string;
  minor: number;
  flags: number;
  fields: [name: string, value: string][];
  length: number;
}

/** One thing that happened; `on` is the `Method` that an answer would be made for. */
export type Observation =
  | ObservedHead
  | { body: string }
  | { end: true; length: number }
  | { code: number; on: number }
  | { wait: number; inMessage: boolean };

/** What surrounds the pieces that arrive. */
export interface ObserveOptions {
  /** Writes into the free input area before each piece arrives; `at`: offset of its first byte. */
  stale?: (room: Uint8Array, at: number) => void;
  /** Reports each wait for more bytes, too (false). */
  waits?: boolean;
}

/**
 * Feeds `parts` to a connection of its own.
 *
 * @returns what happened, adjacent pieces of content joined, up to the first error
 */
export function observe(
  core: Core,
  parts: readonly Uint8Array[],
  options: ObserveOptions = {},
): Observation[] {
  const conn = core.open();
  const seen: Observation[] = [];
  let at = 0;
  try {
    for (let part of parts) {
      while (part.length > 0) {
        const room = core.inputView(conn);
        if (room.length === 0) throw new Error("the parser leaves no room for input");
        options.stale?.(withSlack(core, room), at);
        const count = Math.min(room.length, part.length);
        room.set(part.subarray(0, count));
        core.received(conn, count);
        at += count;
        part = part.subarray(count);
        if (!takeAll(core, conn, seen)) return seen;
        if (options.waits) {
          seen.push({ wait: core.method(conn), inMessage: core.isInMessage(conn) });
        }
      }
    }
    return seen;
  } finally {
    core.close(conn);
  }
}

/** The free room and the slack behind it, to the end of the block. */
function withSlack(core: Core, room: Uint8Array<SharedArrayBuffer>): Uint8Array {
  return core.bytes.subarray(room.byteOffset, room.byteOffset + room.length + Place.Slack);
}

/** @returns false after an error */
function takeAll(core: Core, conn: number, seen: Observation[]): boolean {
  for (;;) {
    switch (core.next(conn)) {
      case Event.NeedMore:
        return true;
      case Event.Error:
        seen.push({ code: core.code(conn), on: core.method(conn) });
        return false;
      case Event.Head:
        seen.push(headOf(core, conn));
        break;
      case Event.Body: {
        const start = core.pieceStart(conn);
        const body = latin1Text(core.bytes.slice(start, start + core.pieceLength(conn)));
        const last = seen.at(-1);
        if (last !== undefined && "body" in last) last.body += body;
        else seen.push({ body });
        break;
      }
      case Event.End:
        seen.push({ end: true, length: core.contentLength(conn) });
        break;
    }
  }
}

function headOf(core: Core, conn: number): ObservedHead {
  return {
    head: core.methodName(conn),
    target: core.target(conn),
    minor: core.minorAsSent(conn),
    flags: core.flags(conn),
    fields: core.fields(conn),
    length: core.contentLength(conn),
  };
}
