/**
 * What the Wasm core and its host agree on: codes, and where each word is in linear memory.
 *
 * The AssemblyScript compiler and Deno both read this file, so it holds nothing but const enums
 * with constant values. All offsets are in bytes.
 */

/** What {@linkcode next} found. */
export const enum Event {
  /**
   * Everything received is consumed, or only an incomplete element is left: read more, call again.
   */
  NeedMore = 0,
  /** A request head is complete. Without `Flag.HasBody` the whole message is. */
  Head = 1,
  /** `Conn.PieceStart` and `Conn.PieceLength` say where a piece of the content is; take it now. */
  Body = 2,
  /** The content (trailers included) is complete. Only after a head with `Flag.HasBody`. */
  End = 3,
  /** The bytes are not acceptable; `Conn.Code` says why. Nothing more is parsed. */
  Error = 4,
  /** There is enough output: send it, then call again. Only from `answerPlain`. */
  Flush = 5,
}

/** Each fault that ends the parsing of a connection. The host maps it to a status and a reason. */
export const enum Code {
  None = 0,
  // 400: syntax
  BareLineFeed = 1,
  BareCarriageReturn = 2,
  ControlByte = 3,
  EmptyLines = 4,
  BadMethod = 5,
  BadRequestLine = 6,
  BadTarget = 7,
  BadVersion = 8,
  LineFolding = 9,
  WhiteSpaceBeforeFields = 10,
  BadFieldName = 11,
  WhiteSpaceBeforeColon = 12,
  NoColon = 13,
  // 400: framing and Host
  BadContentLength = 14,
  RepeatedContentLength = 15,
  LengthAndTransferEncoding = 16,
  BadTransferEncoding = 17,
  ChunkedNotFinal = 18,
  TransferEncodingInHttp10 = 19,
  MissingHost = 20,
  RepeatedHost = 21,
  BadHost = 22,
  BadChunkSize = 23,
  BadChunkExtension = 24,
  BadChunkEnd = 25,
  BadTrailer = 26,
  // Limits and what is not implemented
  RequestLineTooLong = 27,
  HeaderTooLarge = 28,
  TooManyFields = 29,
  ChunkExtensionTooLong = 30,
  TrailerTooLarge = 31,
  BodyTooLarge = 32,
  UnknownCoding = 33,
  UnsupportedVersion = 34,
  // Not from the parser: the host ends a message with these
  RequestTimeout = 35,
  Incomplete = 36,
  OutOfMemory = 37,
  /** No thread had time for the request; set by the host. */
  Busy = 38,
}

/** Methods that are recognised (RFC 9110 section 9.3, RFC 5789); any other token is `Unknown`. */
export const enum Method {
  Unknown = 0,
  Get = 1,
  Head = 2,
  Post = 3,
  Put = 4,
  Delete = 5,
  Connect = 6,
  Options = 7,
  Trace = 8,
  Patch = 9,
}

/** Bits of `Conn.Flags`, valid after `Event.Head`. */
export const enum Flag {
  /** The connection may stay open after this exchange (RFC 9112 section 9.3). */
  KeepAlive = 1,
  /** Content follows: a length above 0, or chunked. */
  HasBody = 2,
  /** The content is in chunked coding. */
  Chunked = 4,
  /** `Expect: 100-continue` in HTTP/1.1. */
  Expect100 = 8,
  /** An expectation other than 100-continue: 417. */
  ExpectOther = 16,
  /** The target is in absolute-form. */
  AbsoluteForm = 32,
  /** The target is `*`. */
  AsteriskForm = 64,
  /** CONNECT with `host:port`. */
  AuthorityForm = 128,
}

/** Fields that are found during the one pass; the value is the bit in `Conn.Present`. */
export const enum Field {
  Host = 0,
  Connection = 1,
  ContentLength = 2,
  TransferEncoding = 3,
  Expect = 4,
  Range = 5,
  IfRange = 6,
  IfMatch = 7,
  IfNoneMatch = 8,
  IfModifiedSince = 9,
  IfUnmodifiedSince = 10,
  AcceptEncoding = 11,
  Accept = 12,
  Authorization = 13,
  UserAgent = 14,
  Referer = 15,
  XForwardedFor = 16,
  Origin = 17,
  /** How many there are. */
  Count = 18,
}

/** Sets of known fields, as bits of `Conn.Present`. */
export const enum FieldSet {
  /** The fields beside Accept-Encoding that may decide which answer a GET or HEAD gets. */
  Decisive = 1 << Field.ContentLength | 1 << Field.TransferEncoding | 1 << Field.Expect |
    1 << Field.Range | 1 << Field.IfRange | 1 << Field.IfMatch | 1 << Field.IfNoneMatch |
    1 << Field.IfModifiedSince | 1 << Field.IfUnmodifiedSince | 1 << Field.Authorization,
}

/**
 * The record at the start of a connection's block (u32 words unless noted).
 * Offsets named `…Start` are addresses; those named `…Offset` count from `Conn.Head`, so that a
 * head can be moved inside its block.
 */
export const enum Conn {
  /** One of `State`. */
  State = 0,
  Code = 4,
  /** First byte of the input area. */
  Base = 8,
  /** End of the input area; `Place.Slack` bytes after it may be read, but never used. */
  Limit = 12,
  /** First byte of the current message's head. */
  Head = 16,
  /** Next byte to parse. */
  Pos = 20,
  /** End of the bytes received. */
  End = 24,
  /** The search for the end of the current line continues here. */
  Scanned = 28,
  /** End of the head: first byte of the content as it was framed. */
  HeadEnd = 32,
  /** Offset of the first field line. */
  FieldsOffset = 36,
  Method = 40,
  Flags = 44,
  /** Minor HTTP version as sent, 0 to 9. */
  Minor = 48,
  MethodLength = 52,
  TargetOffset = 56,
  TargetLength = 60,
  FieldCount = 64,
  /** Bit set: which known fields are present. */
  Present = 68,
  /** Bit set: which known fields occur more than once. */
  Repeated = 72,
  PieceStart = 76,
  PieceLength = 80,
  /** Empty lines before the request line. */
  EmptyLines = 84,
  /** u64: bytes of content (or of the current chunk) still to come. */
  BodyLeft = 88,
  /** u64: the length declared, or in chunked coding the data so far. */
  BodySize = 96,
  /** Bytes of chunk extensions so far. */
  ExtensionBytes = 104,
  /** Bytes of trailers so far. */
  TrailerBytes = 108,
  /** Address of the first block of output, 0 when there is none. */
  OutHead = 112,
  OutTail = 116,
  /** Requests or messages answered on this connection. */
  Served = 120,
  /** Chain of blocks that holds content set aside by a service. */
  SpoolHead = 124,
  SpoolTail = 128,
  /** Words for the service's own use. */
  Service0 = 132,
  Service1 = 136,
  /** While a head is parsed: what the transfer codings so far are, see `framing.ts`. */
  Codings = 140,
  /** The event that `peek` has found and `next` has still to report; `Event.NeedMore` for none. */
  Peeked = 144,
  /** How many of `Served` were HEAD requests that the core answered by itself. */
  ServedHeads = 148,
  /** A block of output without bytes of its own, for the one reference a connection may have. */
  Reference = 160,
  /** `Field.Count` pairs (offset, length) of the known fields' first values. */
  Known = 176,
  /** Entries of the field table: u16 name offset, name length, value offset, value length. */
  Fields = 320,
}

/** The values of `Conn.State`. */
export const enum State {
  /** Before the first byte of a message. */
  Start = 0,
  /** In a request line or status line. */
  FirstLine = 1,
  Fields = 2,
  /** Content framed by Content-Length. */
  Length = 3,
  ChunkSize = 4,
  ChunkData = 5,
  /** The CRLF after a chunk's data. */
  ChunkEnd = 6,
  Trailers = 7,
  /** Content that ends with the connection; only of responses. */
  UntilClose = 8,
  /** All of the content was handed out; `Event.End` is due. */
  Complete = 9,
  /** An error was reported; the rest of the input is ignored. */
  Failed = 10,
}

/** A block of output: the words before its bytes. */
export const enum Out {
  /** Address of the next block of the chain, 0 at its end. */
  Next = 0,
  /** Bytes to send. */
  Length = 4,
  /** Address of the bytes: right after this record, or elsewhere when it is `Conn.Reference`. */
  Start = 8,
  /** Of `Conn.Reference`: the entry that the bytes belong to, 0 when they belong to none. */
  Entry = 12,
  Data = 16,
}

/** A kept response: the words before its key. A free part of the area has a size, and zeros. */
export const enum Entry {
  Hash = 0,
  /** On the clock of `Place.NowMs`; at most 750 ms ahead of it. */
  FreshUntilMs = 4,
  TargetLength = 8,
  CodingLength = 12,
  HeadLength = 16,
  /** Of head and content. */
  Length = 20,
  /** Address of the head; the content follows. */
  Response = 24,
  /** The second whose date is in the head. */
  Second = 28,
  /** Bytes up to the next entry. */
  Size = 32,
  /** How many connections are sending it from here, without a copy. */
  References = 36,
  /** Different from that of every other entry, including those that were replaced. */
  Serial = 40,
  /** Address of the word of the hash table that referred to it first. */
  Slot = 44,
  /** The target, then the Accept-Encoding. */
  Key = 48,
}

/** Fixed places in the first page, and sizes. See the map in `assembly/memory.ts`. */
export const enum Place {
  /** u32: longest request line, without its CRLF. */
  MaxRequestLine = 32768,
  /** u32: most bytes of the header section, final CRLF included. */
  MaxHeaderSize = 32772,
  /** u32: most field lines. */
  MaxHeaders = 32776,
  /** u32: bytes of a block. */
  BlockBytes = 32780,
  /** u64: most bytes of content. */
  MaxBody = 32784,
  /** u64: free list of blocks; low half the address, high half a tag against ABA. */
  FreeBlocks = 32792,
  /** u32: address of the first block that was never used. */
  FreshBlock = 32800,
  /** u32: end of the last block. */
  BlocksEnd = 32804,
  /** u32: how many blocks are in use. */
  BlocksUsed = 32808,
  /** u32: address of the canned response for any GET, 0 when there is none. */
  CannedStart = 32812,
  /** u32: its length; the head's without content, for HEAD, comes next. */
  CannedLength = 32816,
  CannedHeadLength = 32820,
  /** u32: how many blocks may still be taken for output. */
  OutputLeft = 32824,
  /** 29 bytes: the current IMF-fixdate. */
  Date = 32832,
  /** u32: the second of `Date`, 0 before it is set. */
  Second = 32864,
  /** u32: milliseconds on the host's clock, set at every tick. */
  NowMs = 32868,
  /** u32: the area of kept responses, 0 when there is none; its end; the entry to replace next. */
  CacheStart = 32872,
  CacheEnd = 32876,
  CacheNext = 32880,
  /** u32: the serial number of the entry that was kept last. */
  LastSerial = 32884,
  /** Four places for the canned response, of 16 KiB. */
  Canned = 33024,
  /** The area of kept responses, if any; then the blocks. */
  Blocks = 131072,
  /** Bytes after every input area that vector loads may touch. */
  Slack = 64,
  /** Bytes at the end of every connection's block for the message that ends the connection. */
  FinalMessage = 512,
}
