/**
 * The contents of a connection's block, for traces and the parser bench. Nothing that serves
 * connections uses it.
 */
import type { CoreMemory } from "./memory.ts";
import { Conn, Out } from "./shared/abi.ts";

/** Where the parser of a connection is, by `State`. */
export const PARSER_STATES = [
  "start",
  "first line",
  "fields",
  "content",
  "chunk size",
  "chunk data",
  "chunk end",
  "trailers",
  "until close",
  "complete",
  "failed",
] as const;

/** What the parser of a connection expects next. */
export type ParserState = (typeof PARSER_STATES)[number];

/** The block of a connection at one moment. */
export interface BlockView {
  /** A copy of the input that is still in the block. */
  input: Uint8Array;
  /** Offset into `input`: everything before it is consumed. */
  consumed: number;
  /** Offset into `input`: the search for the end of the element in progress goes on here. */
  scanned: number;
  /** What the parser expects next. */
  parser: ParserState;
  /** The output not sent yet, block by block: its address in memory, and a copy of it. */
  output: { start: number; bytes: Uint8Array }[];
}

/**
 * Copies the contents of the block of `conn`.
 *
 * @param arrived bytes after the input that were received and not noted yet
 */
export function inspectBlock(memory: CoreMemory, conn: number, arrived = 0): BlockView {
  const { words, bytes } = memory;
  const word = (offset: Conn) => words[conn + offset >>> 2];
  const base = word(Conn.Base);
  const pos = word(Conn.Pos);
  const output: BlockView["output"] = [];
  for (let block = word(Conn.OutHead); block !== 0; block = words[block + Out.Next >>> 2]) {
    const start = words[block + Out.Start >>> 2];
    output.push({ start, bytes: bytes.slice(start, start + words[block + Out.Length >>> 2]) });
  }
  return {
    input: bytes.slice(base, word(Conn.End) + arrived),
    consumed: pos - base,
    // The echo searches for nothing, so its `Conn.Scanned` may be behind `Conn.Pos`.
    scanned: Math.max(word(Conn.Scanned), pos) - base,
    parser: PARSER_STATES[word(Conn.State)],
    output,
  };
}
