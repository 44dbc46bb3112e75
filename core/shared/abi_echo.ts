/**
 * What the echo check and its host agree on, beside `abi.ts`. Both compilers read this file, so it
 * holds nothing but const enums with literal values. Offsets are in bytes.
 */

/** The result of comparing the bytes of an echo received so far. */
export const enum EchoVerdict {
  /** Correct so far; more has to come. */
  NeedMore = 0,
  /** The whole message came back with its padding, and nothing else. */
  Match = 1,
  /** A byte differs, or came after the end: `Echo.MismatchAt` says which. Final. */
  Mismatch = 2,
}

/**
 * The record of the message that a client is exchanging. See the map in `assembly/echo_check.ts`.
 */
export const enum Echo {
  /** Bytes of the message, at least 1. */
  Size = 0,
  /** Bytes generated for sending. */
  Sent = 4,
  /** Bytes of the echo found to be correct. */
  Checked = 8,
  /** Offset in the message of the first wrong byte; the size when the echo is longer. */
  MismatchAt = 12,
  /** Checksum of identity and size; the seed of the filler. */
  Checksum = 16,
  /** Address of the text that stands in for a generated message, 0 when there is none. */
  Text = 20,
  /** Identity that `identify` found. */
  FoundClient = 24,
  FoundRound = 28,
  FoundSequence = 32,
  /** How many bytes follow each echo and belong to it, and how many of them were received. */
  Padding = 36,
  Padded = 40,
  /** 16 bytes: expected bytes while single bytes are compared. */
  Scratch = 48,
  /** 32 bytes: the header of the message. */
  Header = 64,
  /** Area for the parts to send; the area for received bytes follows it. */
  Areas = 128,
  /** Bytes after each area that vector loads and stores may touch. */
  Slack = 64,
}
