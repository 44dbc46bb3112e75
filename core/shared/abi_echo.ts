/**
 * What the echo check and its host agree on, beside `abi.ts`. Both compilers read this file, so it
 * holds nothing but const enums with literal values. Offsets are in bytes.
 */

/** What the bytes of an echo are, as far as they were received. */
export const enum EchoVerdict {
  /** All as sent so far; more has to come. */
  NeedMore = 0,
  /** The whole message came back with its padding, and nothing else. */
  Match = 1,
  /** A byte differs, or came after the end: `Echo.MismatchAt` says which. Final. */
  Mismatch = 2,
}

/** The record of the message that a client has under way. See the map in `assembly/echo_check.ts`. */
export const enum Echo {
  /** Bytes of the message, at least 1. */
  Size = 0,
  /** Bytes generated for sending. */
  Sent = 4,
  /** Bytes of the echo found to be right. */
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
  /** How many bytes follow each echo that belong to it, and how many of them have come. */
  Padding = 36,
  Padded = 40,
  /** 16 bytes: expected bytes while single bytes are compared. */
  Scratch = 48,
  /** 32 bytes: the header of the message. */
  Header = 64,
  /** Area for the parts to send; the area for what is received comes behind it. */
  Areas = 128,
  /** Bytes behind each area that vector loads and stores may touch. */
  Slack = 64,
}
