/**
 * What the Wasm core and its host agree on about responses, beside `abi.ts`: const enums with
 * literal values only, because two compilers read this file. All offsets are in bytes.
 */

/** Faults that only a response can have; their numbers continue those of `Code`. */
export const enum ResponseCode {
  /** The first line is no status line (RFC 9112 section 4). */
  BadStatusLine = 64,
  /** More bytes were received than the framing of the last response requested allows. */
  ExtraBytes = 65,
}

/** Bits of `Conn.Flags` after the head of a response; `Flag` of `abi.ts` holds the others. */
export const enum ResponseFlag {
  /** The content ends when the connection does (RFC 9112 section 6.3, rule 8). */
  UntilClose = 65536,
  /**
   * Set for every response: its fields may be folded (RFC 9112 section 5.2), those of requests may
   * not.
   */
  Folds = 131072,
}

/** Words of the connection's record for what a response has and a request does not. */
export const enum ResponseWord {
  /** The status code, in the place of `Conn.Method`. */
  Status = 40,
}

/**
 * Words that only the client uses, between `Place.Canned`, which it does not use, and the blocks.
 */
export const enum Client {
  /** u32: whether the requests are HEAD, so that responses have no content. */
  IsHead = 65536,
  /** One u64 per status code from 0 to 999: complete responses that carried it. */
  Statuses = 65544,
  /** How many status codes are counted. */
  StatusCount = 1000,
  /** u32: length of the response that was parsed last, 0 when it is not kept. */
  KnownLength = 73600,
  /** u32: its status. */
  KnownStatus = 73604,
  /** Its bytes; then the most that are kept. */
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
  /** The bytes after the responses counted are not acceptable; `Conn.Code` says why. */
  Failed = 0x4000000,
}
