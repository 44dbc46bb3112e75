/** Copies of files compressed on the fly, as the code that asks for them sees them. */
import type { Coding } from "./negotiate.ts";

/** A compressed copy with the tag of its own bytes. */
export interface Compressed {
  bytes: Uint8Array;
  tag: string;
}

/** What is to be compressed. */
export interface Original {
  /** Identifies the bytes: their strong entity tag. */
  tag: string;
  coding: Coding;
  /** Bytes. */
  size: number;
  /**
   * Reads the bytes when compression starts, so that waiting files hold none in memory.
   *
   * @returns `undefined` when the file has changed
   */
  read(): Uint8Array | undefined;
}

/** Where compressed copies come from. */
export interface Compressor {
  /**
   * A compressed copy.
   *
   * @returns at once when the copy is kept; `undefined`, at once or after a bounded wait, when it
   * is not ready in time: then the file is sent uncompressed
   */
  compress(original: Original): Compressed | undefined | Promise<Compressed | undefined>;
}

/** Names the copy in `coding` of the bytes that `tag` identifies. */
export function copyKey({ tag, coding }: Pick<Original, "tag" | "coding">): string {
  return `${coding} ${tag}`;
}
