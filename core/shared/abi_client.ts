/**
 * What the Wasm core and its host agree on about responses, beside `abi.ts`: const enums with
 * literal values only, because two compilers read this file. All offsets are in bytes.
 */

/** Faults that only a response can have; they go on where `Code` ends. */
export const enum ResponseCode {
  /** The first line is no status line (RFC 9112 section 4). */
  BadStatusLine = 64,
  /** More bytes came than the framing of the last response that was asked for allows. */
  ExtraBytes = 65,
}

/** Bits of `Conn.Flags` after the head of a response; `Flag` of `abi.ts` holds the others. */
export const enum ResponseFlag {
  /** The content ends when the connection does (RFC 9112 section 6.3, rule 8). */
  UntilClose = 65536,
  /** Of every response: its fields may be folded (RFC 9112 section 5.2), those of requests not. */
  Folds = 131072,
}

/** Where a response keeps what a request does not have, in the connection's record. */
export const enum ResponseWord {
  /** The status code, in the place of `Conn.Method`. */
  Status = 40,
}

/** Words of the client's own, between `Place.Canned`, which a client does not use, and the blocks. */
export const enum Client {
  /** u32: whether the requests are HEAD, so that responses have no content. */
  IsHead = 65536,
  /** u64 a status code from 0 to 999: complete responses that carried it. */
  Statuses = 65544,
  /** How many status codes there are places for. */
  StatusCount = 1000,
  /** u32: length of the response that was parsed last, 0 when it is not kept. */
  KnownLength = 73600,
  /** u32: its status. */
  KnownStatus = 73604,
  /** Its bytes, at most so many. */
  Known = 73728,
  MostKnown = 1024,
}

/** Bits of what `takeResponses` returns, above the count. */
export const enum Taken {
  Count = 0xffffff,
  /** A response has begun and is not complete. */
  Partial = 0x1000000,
  /** The last response ends the connection. */
  Closing = 0x2000000,
  /** The bytes behind the responses counted are not acceptable; `Conn.Code` says why. */
  Failed = 0x4000000,
}
