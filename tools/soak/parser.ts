/** Feeds the request parser with random bytes in random pieces. */
import { type Core, Event } from "../../core/mod.ts";
import { Conn } from "../../core/shared/abi.ts";
import type { Random } from "./random.ts";
import { ALL_BYTES, HTTP_ALPHABET, mutatedRequest, validPrefix } from "./requests.ts";

/** What the parser read. */
export interface ParserSoak {
  bytes: number;
  connections: number;
  heads: number;
  contentBytes: number;
  /** How often each `Code` ended a connection. */
  codes: Map<number, number>;
}

/**
 * Feeds `core` until `bytes` bytes were taken: noise, noise after valid beginnings, and mutated
 * requests, on one connection after the other.
 *
 * @throws when the parser leaves its block, hands out what it was not given, or loses memory
 */
export function soakParser(core: Core, bytes: number, random: Random): ParserSoak {
  const soak: ParserSoak = {
    bytes: 0,
    connections: 0,
    heads: 0,
    contentBytes: 0,
    codes: new Map(),
  };
  const used = core.blocksUsed;
  while (soak.bytes < bytes) {
    const conn = core.open();
    ++soak.connections;
    let open = true;
    while (open && random.below(60) !== 0) {
      const longest = 1 << random.below(13);
      for (const piece of random.pieces(randomInput(random), longest)) {
        open = feed(core, { conn, piece, soak });
        if (!open) break;
      }
    }
    core.close(conn);
  }
  if (core.blocksUsed !== used) throw new Error(`${core.blocksUsed - used} blocks were lost`);
  return soak;
}

function randomInput(random: Random): Uint8Array {
  const length = 1 + random.below(1 << 1 + random.below(12));
  switch (random.below(4)) {
    case 0:
      return random.bytes(length, ALL_BYTES);
    case 1:
      return random.bytes(length, HTTP_ALPHABET);
    case 2: {
      const prefix = validPrefix(random);
      const alphabet = random.pick([ALL_BYTES, HTTP_ALPHABET]);
      return new Uint8Array([...prefix, ...random.bytes(length, alphabet)]);
    }
    default:
      return mutatedRequest(random);
  }
}

/** @returns false after an error */
function feed(
  core: Core,
  { conn, piece, soak }: { conn: number; piece: Uint8Array; soak: ParserSoak },
): boolean {
  while (piece.length > 0) {
    const count = core.receive(conn, piece);
    if (count === 0) throw new Error("The parser leaves no room for input");
    soak.bytes += count;
    piece = piece.subarray(count);
    let event: Event;
    do {
      event = core.next(conn);
      checkPlaces(core, conn);
      if (event === Event.Head) ++soak.heads;
      if (event === Event.Body) soak.contentBytes += checkedPiece(core, conn);
    } while (event !== Event.NeedMore && event !== Event.Error);
    if (event === Event.Error) {
      const code = core.code(conn);
      soak.codes.set(code, (soak.codes.get(code) ?? 0) + 1);
      return false;
    }
  }
  return true;
}

function word(core: Core, at: number): number {
  return core.words[at >>> 2];
}

/** The positions that the parser keeps must lie within the input, in this order. */
function checkPlaces(core: Core, conn: number): void {
  const places = [Conn.Base, Conn.Pos, Conn.End, Conn.Limit]
    .map((offset) => word(core, conn + offset));
  if (places.some((place, i) => i > 0 && place < places[i - 1])) {
    throw new Error(`Base, Pos, End, Limit are out of order: ${places.join()}`);
  }
}

function checkedPiece(core: Core, conn: number): number {
  const start = core.pieceStart(conn);
  const length = core.pieceLength(conn);
  if (start < word(core, conn + Conn.Base) || start + length > word(core, conn + Conn.Pos)) {
    throw new Error(`A piece of content lies outside of what was read: ${start}, ${length}`);
  }
  return length;
}
