/**
 * The host's side of the core: what it finds in the input of a connection, as typed values. Only
 * the files in this folder know where a word is in memory.
 */
import wasm from "./core.wasm" with { type: "bytes" };
import {
  assertOffsetsFit,
  blockBytesFor,
  blocksStart,
  CANNED_BYTES,
  type CoreOptions,
  DEFAULT_LIMITS,
  MAX_PAGES,
  PAGE_BYTES,
} from "./layout.ts";
import { CoreMemory, type CoreShare } from "./memory.ts";
import {
  type Code,
  Conn,
  Entry,
  type Event,
  type Field,
  FieldSet,
  Place,
  State,
} from "./shared/abi.ts";

/** Field names of `Field`'s members in lower case, for messages and for looking up by name. */
const FIELD_NAMES: readonly string[] = [
  "host",
  "connection",
  "content-length",
  "transfer-encoding",
  "expect",
  "range",
  "if-range",
  "if-match",
  "if-none-match",
  "if-modified-since",
  "if-unmodified-since",
  "accept-encoding",
  "accept",
  "authorization",
  "user-agent",
  "referer",
  "x-forwarded-for",
  "origin",
];

/** Bytes of an IMF-fixdate (RFC 9110 section 5.6.7). */
const DATE_BYTES = 29;

/** The module's bytes, for code that instantiates it itself. */
export const CORE_WASM: Uint8Array<ArrayBuffer> = wasm;

let compiled: WebAssembly.Module | undefined;

/** An instance of the core. */
export class Core extends CoreMemory {
  /**
   * Creates a memory of `options.blocks` blocks, and the first instance over it. Nothing of the
   * memory is resident before it is used.
   *
   * @throws {RangeError} when there are more blocks than a Wasm memory holds, when the system
   *   refuses to reserve it, or when the limits allow a head of more than 64 KiB
   */
  static create(options: CoreOptions): Core {
    assertOffsetsFit(options.limits ?? DEFAULT_LIMITS);
    const blockBytes = blockBytesFor(options);
    const start = blocksStart(options);
    const end = start + options.blocks * blockBytes;
    const pages = Math.ceil((end + (options.reservedBytes ?? 0)) / PAGE_BYTES);
    if (pages > MAX_PAGES) {
      throw new RangeError(`${options.blocks} blocks of ${blockBytes} bytes exceed 4 GiB`);
    }
    compiled ??= new WebAssembly.Module(wasm);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    const core = new Core({ module: compiled, memory });
    const { maxRequestLine, maxHeaderSize, maxHeaders, maxBody } = options.limits ?? DEFAULT_LIMITS;
    const { words } = core;
    words[Place.MaxRequestLine >>> 2] = maxRequestLine;
    words[Place.MaxHeaderSize >>> 2] = maxHeaderSize;
    words[Place.MaxHeaders >>> 2] = maxHeaders;
    words[Place.BlockBytes >>> 2] = blockBytes;
    words[Place.MaxBody >>> 2] = maxBody === Infinity ? 0xffffffff : maxBody;
    words[(Place.MaxBody >>> 2) + 1] = maxBody === Infinity ? 0xffffffff : maxBody / 2 ** 32;
    words[Place.FreshBlock >>> 2] = start;
    words[Place.BlocksEnd >>> 2] = end;
    words[Place.OutputLeft >>> 2] = options.outputBlocks ?? options.blocks;
    if (options.cacheBytes) core.wasm.openCache(Place.Blocks, options.cacheBytes);
    return core;
  }

  /** An instance over the memory of another thread's core. */
  static attach(share: CoreShare): Core {
    return new Core(share);
  }

  // Echo

  /** Takes the next piece of at most `size` bytes of the input. @returns its length */
  nextPiece(conn: number, size: number): number {
    return this.wasm.nextPiece(conn, size);
  }

  // HTTP requests

  /** Finds the next event in the input of `conn`. */
  next(conn: number): Event {
    return this.wasm.next(conn);
  }

  /** Like `next`, but `next` reports the same event again, on whichever thread. */
  peek(conn: number): Event {
    return this.wasm.peek(conn);
  }

  /** Like `next`, but answers plain requests from the canned response or kept ones. */
  answerPlain(conn: number): Event {
    return this.wasm.answerPlain(conn);
  }

  /**
   * Sets the response for plain requests; its first `headLength` bytes answer HEAD. With none,
   * every request comes to the host.
   */
  setCanned(response: Uint8Array, headLength: number): void {
    const { words } = this;
    if (response.length > CANNED_BYTES) throw new RangeError("Response too long");
    if (response.length === 0) {
      // The lengths stay: a thread that shares the memory may be about to use them.
      words[Place.CannedStart >>> 2] = 0;
      return;
    }
    // The previous response may still be being sent: write the new one to the next place.
    const before = words[Place.CannedStart >>> 2] || Place.Canned;
    const start = Place.Canned + (before - Place.Canned + CANNED_BYTES) % (4 * CANNED_BYTES);
    this.bytes.set(response, start);
    words[Place.CannedLength >>> 2] = response.length;
    words[Place.CannedHeadLength >>> 2] = headLength;
    words[Place.CannedStart >>> 2] = start;
  }

  /** Sets the clock that decides when kept responses are stale, and the date they are sent with. */
  setTime({ nowMs, second, date }: { nowMs: number; second: number; date: string }): void {
    this.words[Place.NowMs >>> 2] = nowMs;
    if (this.words[Place.Second >>> 2] === second) return;
    this.words[Place.Second >>> 2] = second;
    this.writeText(Place.Date, date.slice(0, DATE_BYTES));
  }

  /** Whether the current request is one that a kept response could have answered. */
  isPlain(conn: number): boolean {
    return this.wasm.isPlain(conn) !== 0;
  }

  /** Whether the current request has a field of `FieldSet.Decisive`. */
  hasDecisiveField(conn: number): boolean {
    return (this.words[conn + Conn.Present >>> 2] & FieldSet.Decisive) !== 0;
  }

  /**
   * Keeps a response for plain requests with the target and Accept-Encoding of the current one.
   * Its head starts with a status line of 200 and the date.
   *
   * @param freshUntilMs on the clock of `setTime`; never repeated when more than 750 ms ahead of it
   * @returns the serial number that `renew` takes, 0 when there is no room for it now
   */
  keep(
    conn: number,
    { head, content, freshUntilMs }: { head: string; content: Uint8Array; freshUntilMs: number },
  ): number {
    const length = head.length + content.length;
    const entry = this.wasm.keep(conn, length, head.length, freshUntilMs) >>> 0;
    if (entry === 0) return 0;
    const start = this.words[entry + Entry.Response >>> 2];
    this.writeText(start, head);
    this.bytes.set(content, start + head.length);
    return this.words[entry + Entry.Serial >>> 2];
  }

  /** Makes the core answer no more requests from kept responses. */
  forgetKept(): void {
    this.words[Place.CacheStart >>> 2] = 0;
  }

  /**
   * Lets the response `serial`, kept for requests like the current one, stay fresh longer.
   *
   * @returns false when it is no longer there
   */
  renew(conn: number, serial: number, freshUntilMs: number): boolean {
    return this.wasm.renew(conn, serial, freshUntilMs) !== 0;
  }

  /** Why `Event.Error` was reported, or what `setCode` noted. */
  code(conn: number): number {
    return this.words[conn + Conn.Code >>> 2];
  }

  /** Records why the host ends `conn`. */
  setCode(conn: number, code: Code): void {
    this.words[conn + Conn.Code >>> 2] = code;
  }

  /** Bits of `Flag` of the current request. */
  flags(conn: number): number {
    return this.words[conn + Conn.Flags >>> 2];
  }

  /** `Method` of the current request. */
  method(conn: number): number {
    return this.words[conn + Conn.Method >>> 2];
  }

  /** Minor version of the current request: 0 or 1; versions above 1.1 are read as 1.1. */
  minor(conn: number): number {
    return Math.min(this.words[conn + Conn.Minor >>> 2], 1);
  }

  /** Minor version of the current request as it was sent, 0 to 9. */
  minorAsSent(conn: number): number {
    return this.words[conn + Conn.Minor >>> 2];
  }

  /** Whether a request has begun on `conn` and is incomplete. */
  isInMessage(conn: number): boolean {
    return this.words[conn + Conn.State >>> 2] !== State.Start || this.pending(conn) > 0;
  }

  /** Whether the head of the request in progress is complete, so that content is awaited. */
  isInContent(conn: number): boolean {
    return this.words[conn + Conn.State >>> 2] >= State.Length;
  }

  /** Length of the content of the current request: as declared, or in chunks so far. */
  contentLength(conn: number): number {
    const at = conn + Conn.BodySize >>> 2;
    return this.words[at] + this.words[at + 1] * 2 ** 32;
  }

  /** The method as it was sent. */
  methodName(conn: number): string {
    const head = this.words[conn + Conn.Head >>> 2];
    return this.latin1(head, this.words[conn + Conn.MethodLength >>> 2]);
  }

  /** The request target as it was sent, one char code per byte. */
  target(conn: number): string {
    const { words } = this;
    const start = words[conn + Conn.Head >>> 2] + words[conn + Conn.TargetOffset >>> 2];
    return this.latin1(start, words[conn + Conn.TargetLength >>> 2]);
  }

  /**
   * The value of a known field, repeated ones joined by ", "; `undefined` when the field is absent.
   */
  field(conn: number, field: Field): string | undefined {
    const { words } = this;
    const bit = 1 << field;
    if ((words[conn + Conn.Present >>> 2] & bit) === 0) return undefined;
    if ((words[conn + Conn.Repeated >>> 2] & bit) !== 0) {
      return this.fields(conn).filter(([name]) => name.toLowerCase() === FIELD_NAMES[field])
        .map(([, value]) => value).join(", ");
    }
    const pair = conn + Conn.Known + field * 8 >>> 2;
    return this.latin1(words[conn + Conn.Head >>> 2] + words[pair], words[pair + 1]);
  }

  /** Like `field`, for any field, by its name in lower case. */
  fieldByName(conn: number, name: string): string | undefined {
    const known = FIELD_NAMES.indexOf(name);
    if (known >= 0) return this.field(conn, known);
    const values = this.fields(conn).filter(([sent]) => sent.toLowerCase() === name);
    return values.length === 0 ? undefined : values.map(([, value]) => value).join(", ");
  }

  /** All fields of the current head as sent, in order: `[name, value]`. */
  fields(conn: number): [name: string, value: string][] {
    const { words } = this;
    const head = words[conn + Conn.Head >>> 2];
    const table = new Uint16Array(
      this.words.buffer,
      conn + Conn.Fields,
      words[conn + Conn.FieldCount >>> 2] * 4,
    );
    const fields: [string, string][] = [];
    for (let i = 0; i < table.length; i += 4) {
      fields.push([
        this.latin1(head + table[i], table[i + 1]),
        this.latin1(head + table[i + 2], table[i + 3]),
      ]);
    }
    return fields;
  }
}
