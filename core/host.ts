/**
 * The host's side of the Wasm core: the only TypeScript that knows where a word lies.
 *
 * A `Core` is an instance of the module over a shared memory. The memory never grows, so views of
 * it stay valid; sockets are read into it and written from it. Connections are named by the
 * address of their block, a plain number that can be sent to another thread, where another
 * instance over the same memory goes on with it.
 */
import wasm from "./core.wasm" with { type: "bytes" };
import { Conn, Entry, type Event, type Field, Out, Place } from "./shared/abi.ts";

/** Bounds of a request, in bytes unless noted. `../shared/abi.ts` says what each one counts. */
export interface Limits {
  maxRequestLine: number;
  maxHeaderSize: number;
  /** Field lines. */
  maxHeaders: number;
  /** May be `Infinity`. */
  maxBody: number;
}

/** The limits that hold when nothing else is asked for. */
export const DEFAULT_LIMITS: Limits = {
  maxRequestLine: 8192,
  maxHeaderSize: 16384,
  maxHeaders: 100,
  maxBody: 1 << 20,
};

/** The size of a core's memory. */
export interface CoreOptions {
  /** Blocks: one a connection, and some for output. */
  blocks: number;
  /** At least so many bytes can be received into a block; default: what the limits need. */
  inputBytes?: number;
  limits?: Limits;
  /** Bytes for responses that are kept for plain requests; default none. */
  cacheBytes?: number;
}

/** What another thread needs to work on the same memory. Can be sent by `postMessage`. */
export interface CoreShare {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
}

/** Functions of the module; `conn` is a connection's address, `chain` that of a chain's words. */
interface Exports {
  openConn(block: number): void;
  closeConn(conn: number): void;
  allocateBlock(): number;
  freeBlock(block: number): void;
  freeChain(block: number): void;
  freeOutBlock(block: number): void;
  next(conn: number): Event;
  answerPlain(conn: number): Event;
  isPlain(conn: number): number;
  keep(conn: number, length: number, headLength: number, freshUntilMs: number): number;
  openCache(start: number, bytes: number): void;
  makeRoom(conn: number): number;
  nextPiece(conn: number, size: number): number;
  rewind(conn: number): number;
  append(chain: number, source: number, length: number): number;
  reserve(chain: number, length: number): number;
  commit(chain: number, length: number): void;
  spoolToOutput(conn: number): number;
}

const PAGE_BYTES = 65536;
/** Room for one canned response; there are four. */
const CANNED_BYTES = 16384;
/** Memory ends below 4 GiB, so that an address never wraps. */
const MAX_PAGES = 65535;

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

let compiled: WebAssembly.Module | undefined;

/** Where the blocks start: behind the kept responses, on a page of the kernel. */
function blocksStart({ cacheBytes = 0 }: Pick<CoreOptions, "cacheBytes">): number {
  return Place.Blocks + Math.ceil(cacheBytes / 4096) * 4096;
}

/** Bytes of one block: record, field table, input and slack, in whole pages of the kernel. */
function blockBytesFor(options: CoreOptions): number {
  const { maxRequestLine, maxHeaderSize, maxHeaders } = options.limits ?? DEFAULT_LIMITS;
  // A head stays while its content is read, behind which a chunk line may be a header's size.
  const forLimits = maxRequestLine + 2 * maxHeaderSize + 4096;
  const input = Math.max(options.inputBytes ?? 0, forLimits);
  return Math.ceil((Conn.Fields + maxHeaders * 8 + 16 + input + Place.Slack) / 4096) * 4096;
}

/** How many blocks of `options`' size fit into a Wasm memory. */
export function maxBlocks(options: Omit<CoreOptions, "blocks">): number {
  const bytes = MAX_PAGES * PAGE_BYTES - blocksStart(options);
  return Math.floor(bytes / blockBytesFor({ ...options, blocks: 0 }));
}

/** Names a kept response, until the area of kept responses is emptied. */
export interface Kept {
  entry: number;
  generation: number;
}

/** No block of the core's memory is left for the output of a connection. */
export class CoreMemoryError extends Error {
  override name = "CoreMemoryError";
  constructor() {
    super("No memory is left for output: too many connections wait for slow readers");
  }
}

/** An instance of the core. */
export class Core {
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  readonly words: Uint32Array<SharedArrayBuffer>;
  readonly share: CoreShare;
  readonly #wasm: Exports;
  /** The view handed out last: exchanges of the same shape write the same place again. */
  #lastView: Uint8Array<SharedArrayBuffer>;

  private constructor(share: CoreShare) {
    this.share = share;
    const buffer = share.memory.buffer as unknown as SharedArrayBuffer;
    this.bytes = new Uint8Array(buffer);
    this.words = new Uint32Array(buffer);
    this.#lastView = this.bytes.subarray(0, 0);
    const instance = new WebAssembly.Instance(share.module, { env: { memory: share.memory } });
    this.#wasm = instance.exports as unknown as Exports;
  }

  /**
   * Creates a memory of `options.blocks` blocks, and the first instance over it. Nothing of the
   * memory is resident before it is used.
   *
   * @throws {RangeError} when there are more blocks than a Wasm memory holds, or the system
   *   refuses to reserve it
   */
  static create(options: CoreOptions): Core {
    const blockBytes = blockBytesFor(options);
    const start = blocksStart(options);
    const end = start + options.blocks * blockBytes;
    const pages = Math.ceil(end / PAGE_BYTES);
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
    if (options.cacheBytes) core.#wasm.openCache(Place.Blocks, options.cacheBytes);
    return core;
  }

  /** An instance over the memory of another thread's core. */
  static attach(share: CoreShare): Core {
    return new Core(share);
  }

  /** Blocks in use, over all instances. */
  get blocksUsed(): number {
    return Atomics.load(this.words, Place.BlocksUsed >>> 2);
  }

  /** Bytes of output that one block holds. */
  get blockCapacity(): number {
    return this.words[Place.BlockBytes >>> 2] - Out.Data;
  }

  /**
   * Takes a block for bytes that have to pass through this memory.
   *
   * @throws {CoreMemoryError} when no block is left
   */
  openStaging(): Uint8Array<SharedArrayBuffer> {
    const block = this.#wasm.allocateBlock() >>> 0;
    if (block === 0) throw new CoreMemoryError();
    return this.bytes.subarray(block, block + this.words[Place.BlockBytes >>> 2]);
  }

  /** Gives a block from `openStaging` back. */
  closeStaging(block: Uint8Array<SharedArrayBuffer>): void {
    this.#wasm.freeBlock(block.byteOffset);
  }

  // Connections

  /** Takes a block for a new connection. @returns its address, 0 when there is none left */
  open(): number {
    const conn = this.#wasm.allocateBlock() >>> 0;
    if (conn !== 0) this.#wasm.openConn(conn);
    return conn;
  }

  /** Gives back everything that belongs to `conn`. */
  close(conn: number): void {
    this.#wasm.closeConn(conn);
  }

  /** The part of memory at `start`, `length` bytes. Do not keep it over a call that changes it. */
  view(start: number, length: number): Uint8Array<SharedArrayBuffer> {
    const last = this.#lastView;
    if (last.byteOffset === start && last.length === length) return last;
    return this.#lastView = this.bytes.subarray(start, start + length);
  }

  /**
   * Where the next read of `conn` goes; moves what stands in the way.
   *
   * @param last the view used before: returned again when the place is the same
   */
  inputView(conn: number, last?: Uint8Array<SharedArrayBuffer>): Uint8Array<SharedArrayBuffer> {
    const room = this.#wasm.makeRoom(conn);
    const start = this.words[conn + Conn.End >>> 2];
    if (last !== undefined && last.byteOffset === start && last.length === room) return last;
    return this.bytes.subarray(start, start + room);
  }

  /** Notes that `count` bytes were received into the input view of `conn`. */
  received(conn: number, count: number): void {
    this.words[conn + Conn.End >>> 2] += count;
  }

  /** Copies `bytes` into the input of `conn`, for callers without a socket. @returns how many */
  receive(conn: number, bytes: Uint8Array): number {
    const room = this.inputView(conn);
    const count = Math.min(room.length, bytes.length);
    room.set(bytes.subarray(0, count));
    this.received(conn, count);
    return count;
  }

  /** Bytes received on `conn` that nothing has taken yet. */
  pending(conn: number): number {
    return this.words[conn + Conn.End >>> 2] - this.words[conn + Conn.Pos >>> 2];
  }

  /** Forgets all input of `conn`. */
  rewind(conn: number): void {
    this.#wasm.rewind(conn);
  }

  /** Requests or messages answered on `conn`. */
  served(conn: number): number {
    return this.words[conn + Conn.Served >>> 2];
  }

  /** Counts one more request or message answered on `conn`. */
  countServed(conn: number): void {
    ++this.words[conn + Conn.Served >>> 2];
  }

  /** Reads word `index`, 0 or 1, that a service keeps with `conn`. */
  serviceWord(conn: number, index: 0 | 1): number {
    return this.words[(conn + Conn.Service0 >>> 2) + index];
  }

  /** Writes word `index`, 0 or 1, that a service keeps with `conn`. */
  setServiceWord(conn: number, index: 0 | 1, value: number): void {
    this.words[(conn + Conn.Service0 >>> 2) + index] = value;
  }

  // Echo

  /** Takes the next piece of at most `size` bytes of the input. @returns its length */
  nextPiece(conn: number, size: number): number {
    return this.#wasm.nextPiece(conn, size);
  }

  /** Address of the piece of content or echo that was found last. */
  pieceStart(conn: number): number {
    return this.words[conn + Conn.PieceStart >>> 2];
  }

  /** Length of that piece. */
  pieceLength(conn: number): number {
    return this.words[conn + Conn.PieceLength >>> 2];
  }

  // HTTP requests

  /** Finds the next event in the input of `conn`. */
  next(conn: number): Event {
    return this.#wasm.next(conn);
  }

  /** Like `next`, with plain requests answered from the canned response. */
  answerPlain(conn: number): Event {
    return this.#wasm.answerPlain(conn);
  }

  /**
   * Sets the response for plain requests; its first `headLength` bytes answer HEAD. With none,
   * every request comes to the host.
   */
  setCanned(response: Uint8Array, headLength: number): void {
    const { words } = this;
    if (response.length > CANNED_BYTES) throw new RangeError("Response too long");
    // The one before may still be on its way: the next goes beside it.
    const before = words[Place.CannedStart >>> 2] || Place.Canned;
    const start = Place.Canned + (before - Place.Canned + CANNED_BYTES) % (4 * CANNED_BYTES);
    this.bytes.set(response, start);
    words[Place.CannedLength >>> 2] = response.length;
    words[Place.CannedHeadLength >>> 2] = headLength;
    words[Place.CannedStart >>> 2] = response.length === 0 ? 0 : start;
  }

  /** Sets the clock by which kept responses grow stale, and the date that they are sent with. */
  setTime({ nowMs, second, date }: { nowMs: number; second: number; date: string }): void {
    this.words[Place.NowMs >>> 2] = nowMs;
    if (this.words[Place.Second >>> 2] === second) return;
    this.words[Place.Second >>> 2] = second;
    for (let i = 0; i < date.length; ++i) this.bytes[Place.Date + i] = date.charCodeAt(i);
  }

  /** Whether the current request is one that a kept response could have answered. */
  isPlain(conn: number): boolean {
    return this.#wasm.isPlain(conn) !== 0;
  }

  /**
   * Keeps a response for plain requests with the target and Accept-Encoding of the current one.
   * Its head starts with a status line of 200 and the date.
   *
   * @param freshUntilMs on the clock of `setTime`
   * @returns what `renew` takes, `undefined` when there is no room for it now
   */
  keep(
    conn: number,
    { head, content, freshUntilMs }: { head: string; content: Uint8Array; freshUntilMs: number },
  ): Kept | undefined {
    const length = head.length + content.length;
    const entry = this.#wasm.keep(conn, length, head.length, freshUntilMs) >>> 0;
    if (entry === 0) return undefined;
    const start = this.words[entry + Entry.Response >>> 2];
    for (let i = 0; i < head.length; ++i) this.bytes[start + i] = head.charCodeAt(i);
    this.bytes.set(content, start + head.length);
    return { entry, generation: this.words[Place.Generation >>> 2] };
  }

  /** Answers no request by itself any more. */
  forgetKept(): void {
    this.words[Place.CacheStart >>> 2] = 0;
  }

  /** Lets a kept response stay fresh longer. @returns false when it is no longer there */
  renew({ entry, generation }: Kept, freshUntilMs: number): boolean {
    if (this.words[Place.Generation >>> 2] !== generation) return false;
    this.words[entry + Entry.FreshUntilMs >>> 2] = freshUntilMs;
    return true;
  }

  /** Why `Event.Error` was reported. */
  code(conn: number): number {
    return this.words[conn + Conn.Code >>> 2];
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

  /** Whether a request was started on `conn` and is not complete. */
  isInMessage(conn: number): boolean {
    return this.words[conn + Conn.State >>> 2] !== 0 || this.pending(conn) > 0;
  }

  /** Whether the head of the request in progress is complete, so that content is awaited. */
  isInContent(conn: number): boolean {
    return this.words[conn + Conn.State >>> 2] >= 3;
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

  /** The request target as it was sent, a char code a byte. */
  target(conn: number): string {
    const { words } = this;
    const start = words[conn + Conn.Head >>> 2] + words[conn + Conn.TargetOffset >>> 2];
    return this.latin1(start, words[conn + Conn.TargetLength >>> 2]);
  }

  /** The value of a known field, repeated ones combined by ", "; `undefined` when it did not come. */
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

  /** `length` bytes at `start` as a string, a char code a byte. */
  latin1(start: number, length: number): string {
    // apply() takes its arguments from the stack: in parts, so that any length fits.
    let text = "";
    for (const end = start + length; start < end; start += 4096) {
      const part = this.bytes.subarray(start, Math.min(start + 4096, end));
      text += String.fromCharCode.apply(null, part as unknown as number[]);
    }
    return text;
  }

  // Output

  /**
   * Appends bytes to the output of `conn`.
   *
   * @throws {CoreMemoryError} when no block is left
   */
  sendBytes(conn: number, bytes: Uint8Array): void {
    const step = this.blockCapacity;
    for (let at = 0; at < bytes.length; at += step) {
      const part = bytes.subarray(at, at + step);
      this.bytes.set(part, this.#reserve(conn, part.length));
      this.#wasm.commit(conn + Conn.OutHead, part.length);
    }
  }

  /**
   * Appends text to the output of `conn`, a byte a char code (ISO 8859-1); at most one block.
   *
   * @throws {CoreMemoryError} when no block is left
   */
  sendText(conn: number, text: string): void {
    const { bytes } = this;
    const start = this.#reserve(conn, text.length);
    for (let i = 0; i < text.length; ++i) bytes[start + i] = text.charCodeAt(i);
    this.#wasm.commit(conn + Conn.OutHead, text.length);
  }

  #reserve(conn: number, length: number): number {
    const start = this.#wasm.reserve(conn + Conn.OutHead, length) >>> 0;
    if (start === 0) throw new CoreMemoryError();
    return start;
  }

  /**
   * Sets the piece of content that was found last aside, until `releaseSpool`.
   *
   * @throws {CoreMemoryError} when no block is left
   */
  spoolPiece(conn: number): void {
    const chain = conn + Conn.SpoolHead;
    if (this.#wasm.append(chain, this.pieceStart(conn), this.pieceLength(conn)) === 0) {
      throw new CoreMemoryError();
    }
  }

  /** Drops what was set aside. */
  dropSpool(conn: number): void {
    const at = conn + Conn.SpoolHead >>> 2;
    this.#wasm.freeChain(this.words[at]);
    this.words[at] = 0;
    this.words[at + 1] = 0;
  }

  /** Moves what was set aside to the end of the output. */
  releaseSpool(conn: number): void {
    this.#wasm.freeChain(this.#wasm.spoolToOutput(conn));
  }

  /** The first block of output that waits on `conn`, 0 when nothing does. */
  outBlock(conn: number): number {
    return this.words[conn + Conn.OutHead >>> 2];
  }

  /** The bytes of the output block `block`. */
  outView(block: number): Uint8Array<SharedArrayBuffer> {
    return this.view(this.words[block + Out.Start >>> 2], this.words[block + Out.Length >>> 2]);
  }

  /** Takes the first block of output, now sent, away from `conn`. */
  dropOutBlock(conn: number): void {
    const at = conn + Conn.OutHead >>> 2;
    const block = this.words[at];
    const next = this.words[block + Out.Next >>> 2];
    this.words[at] = next;
    if (next === 0) this.words[at + 1] = 0;
    this.#wasm.freeOutBlock(block);
  }
}
