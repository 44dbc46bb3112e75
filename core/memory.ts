/**
 * The host's side of linear memory: blocks, the input and output of connections.
 *
 * The memory never grows, so views of it stay valid; sockets are read into it and written from it.
 * Connections are named by the address of their block, a plain number that can be sent to another
 * thread, where another instance over the same memory goes on with it.
 */
import { Conn, type Event, Out, Place } from "./shared/abi.ts";

/** What another thread needs to work on the same memory. Can be sent by `postMessage`. */
export interface CoreShare {
  /** The compiled core. */
  module: WebAssembly.Module;
  /** Shared, and of a fixed size. */
  memory: WebAssembly.Memory;
}

/** Functions of the module; `conn` is a connection's address, `chain` that of a chain's words. */
export interface Exports {
  openConn(block: number): void;
  closeConn(conn: number): void;
  allocateBlock(): number;
  freeBlock(block: number): void;
  freeChain(block: number): void;
  freeOutBlock(block: number): void;
  cut(chain: number, tail: number, length: number): void;
  finalMessage(conn: number): number;
  sendFinal(conn: number, length: number): number;
  next(conn: number): Event;
  peek(conn: number): Event;
  answerPlain(conn: number): Event;
  isPlain(conn: number): number;
  keep(conn: number, length: number, headLength: number, freshUntilMs: number): number;
  renew(conn: number, serial: number, freshUntilMs: number): number;
  openCache(start: number, bytes: number): void;
  makeRoom(conn: number): number;
  nextPiece(conn: number, size: number): number;
  rewind(conn: number): number;
  append(chain: number, source: number, length: number): number;
  reserve(chain: number, length: number): number;
  commit(chain: number, length: number): void;
  spoolToOutput(conn: number): number;
}

const NO_BYTES = new Uint8Array(0);

/** No block of the core's memory is left for the output of a connection. */
export class CoreMemoryError extends Error {
  /** Identifies the error after `postMessage`, which does not preserve classes. */
  override name = "CoreMemoryError";

  /** Takes no details: the caller knows which connection it is. */
  constructor() {
    super("No memory is left for output: too many connections wait for slow readers");
  }
}

/** Memory with an instance of the module over it. */
export class CoreMemory {
  /** The whole memory, by the byte. */
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  /** The whole memory, by words of 32 bits. */
  readonly words: Uint32Array<SharedArrayBuffer>;
  /** To be sent to threads that work on the same memory. */
  readonly share: CoreShare;
  /**
   * The module's functions.
   *
   * @internal
   */
  protected readonly wasm: Exports;
  /** The view returned last: exchanges of the same shape write to the same place again. */
  #lastView: Uint8Array<SharedArrayBuffer>;

  /** An instance of its own over the memory of `share`. */
  protected constructor(share: CoreShare) {
    this.share = share;
    const buffer = share.memory.buffer as unknown as SharedArrayBuffer;
    this.bytes = new Uint8Array(buffer);
    this.words = new Uint32Array(buffer);
    this.#lastView = this.bytes.subarray(0, 0);
    const instance = new WebAssembly.Instance(share.module, { env: { memory: share.memory } });
    this.wasm = instance.exports as unknown as Exports;
  }

  /** Blocks in use, over all instances. */
  get blocksUsed(): number {
    return Atomics.load(this.words, Place.BlocksUsed >>> 2);
  }

  /**
   * Whether output may still take more than a quarter of all blocks. Only for a core that keeps no
   * responses.
   */
  get hasRoomForOutput(): boolean {
    const { words } = this;
    const all = (words[Place.BlocksEnd >>> 2] - Place.Blocks) / words[Place.BlockBytes >>> 2];
    return Atomics.load(words, Place.OutputLeft >>> 2) > all / 4;
  }

  /** Where the memory begins that is reserved for others than the core. */
  get reservedStart(): number {
    return this.words[Place.BlocksEnd >>> 2];
  }

  /** Bytes of output that one block holds. */
  get blockCapacity(): number {
    return this.words[Place.BlockBytes >>> 2] - Out.Data;
  }

  /** `length` bytes at `start` as a string, one char code per byte. */
  latin1(start: number, length: number): string {
    // apply() takes its arguments from the stack: in parts, so that any length fits.
    let text = "";
    for (const end = start + length; start < end; start += 4096) {
      const part = this.bytes.subarray(start, Math.min(start + 4096, end));
      text += String.fromCharCode.apply(null, part as unknown as number[]);
    }
    return text;
  }

  // Connections

  /** Takes a block for a new connection. @returns its address, 0 when there is none left */
  open(): number {
    const conn = this.wasm.allocateBlock() >>> 0;
    if (conn !== 0) this.wasm.openConn(conn);
    return conn;
  }

  /** A small number that no other block has, to name the connection in messages to people. */
  blockNumber(conn: number): number {
    return Math.floor(conn / this.words[Place.BlockBytes >>> 2]);
  }

  /** Frees everything that belongs to `conn`. */
  close(conn: number): void {
    this.wasm.closeConn(conn);
  }

  /**
   * The `length` bytes of memory at `start`. Do not keep the view across a call that changes them.
   */
  view(start: number, length: number): Uint8Array<SharedArrayBuffer> {
    const last = this.#lastView;
    if (last.byteOffset === start && last.length === length) return last;
    return this.#lastView = this.bytes.subarray(start, start + length);
  }

  /**
   * Where the next read of `conn` goes; moves bytes to make room.
   *
   * @param last the view used before: returned again when the place is the same
   */
  inputView(conn: number, last?: Uint8Array<SharedArrayBuffer>): Uint8Array<SharedArrayBuffer> {
    const room = this.wasm.makeRoom(conn);
    const start = this.words[conn + Conn.End >>> 2];
    if (last !== undefined && last.byteOffset === start && last.length === room) return last;
    return this.bytes.subarray(start, start + room);
  }

  /** The same place by its address: makes room for input. @returns its length; see `inputStart` */
  makeRoom(conn: number): number {
    return this.wasm.makeRoom(conn);
  }

  /** Address of the room for input. */
  inputStart(conn: number): number {
    return this.words[conn + Conn.End >>> 2];
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

  /** Bytes received on `conn` and not consumed yet. */
  pending(conn: number): number {
    return this.words[conn + Conn.End >>> 2] - this.words[conn + Conn.Pos >>> 2];
  }

  /** Forgets all input of `conn`. */
  rewind(conn: number): void {
    this.wasm.rewind(conn);
  }

  /** Requests or messages answered on `conn`. */
  served(conn: number): number {
    return this.words[conn + Conn.Served >>> 2];
  }

  /** How many of those were HEAD requests that the core answered by itself. */
  servedHeads(conn: number): number {
    return this.words[conn + Conn.ServedHeads >>> 2];
  }

  /** Counts one more request or message answered on `conn`. */
  countServed(conn: number): void {
    ++this.words[conn + Conn.Served >>> 2];
  }

  /** Reads word `index`, 0 or 1, that a service stores with `conn`. */
  serviceWord(conn: number, index: 0 | 1): number {
    return this.words[(conn + Conn.Service0 >>> 2) + index];
  }

  /** Writes word `index`, 0 or 1, that a service stores with `conn`. */
  setServiceWord(conn: number, index: 0 | 1, value: number): void {
    this.words[(conn + Conn.Service0 >>> 2) + index] = value;
  }

  /** Address of the piece of content or echo that was found last. */
  pieceStart(conn: number): number {
    return this.words[conn + Conn.PieceStart >>> 2];
  }

  /** Length of that piece. */
  pieceLength(conn: number): number {
    return this.words[conn + Conn.PieceLength >>> 2];
  }

  // Output

  /**
   * Appends bytes to the output of `conn`, over as many blocks as it takes.
   *
   * @throws {CoreMemoryError} when not enough blocks are left; then nothing was appended
   */
  sendBytes(conn: number, bytes: Uint8Array): void {
    this.#append(conn + Conn.OutHead, bytes);
  }

  /** Appends `bytes` to the chain whose words are at `chain`, all of them or none. */
  #append(chain: number, bytes: Uint8Array): void {
    const { words } = this;
    const tail = words[chain + 4 >>> 2];
    const tailLength = tail === 0 ? 0 : words[tail + Out.Length >>> 2];
    const step = this.blockCapacity;
    for (let at = 0; at < bytes.length; at += step) {
      const part = bytes.subarray(at, at + step);
      const start = this.wasm.reserve(chain, part.length) >>> 0;
      if (start === 0) {
        this.wasm.cut(chain, tail, tailLength);
        throw new CoreMemoryError();
      }
      this.bytes.set(part, start);
      this.wasm.commit(chain, part.length);
    }
  }

  /**
   * Appends text, one byte per char code (ISO 8859-1), and then `bytes` to the output of `conn`.
   *
   * @throws {CoreMemoryError} when not enough blocks are left; then nothing was appended
   */
  sendText(conn: number, text: string, bytes: Uint8Array = NO_BYTES): void {
    const length = text.length + bytes.length;
    if (length > this.blockCapacity) {
      const all = new Uint8Array(length);
      for (let i = 0; i < text.length; ++i) all[i] = text.charCodeAt(i);
      all.set(bytes, text.length);
      return this.sendBytes(conn, all);
    }
    const start = this.wasm.reserve(conn + Conn.OutHead, length) >>> 0;
    if (start === 0) throw new CoreMemoryError();
    this.writeText(start, text);
    if (bytes.length > 0) this.bytes.set(bytes, start + text.length);
    this.wasm.commit(conn + Conn.OutHead, length);
  }

  /**
   * Appends the text after which `conn` is closed, once: there is room for it in the connection's
   * own block, so that it takes no other.
   *
   * @throws {RangeError} when it is longer than `Place.FinalMessage`
   */
  sendFinal(conn: number, text: string): void {
    if (text.length > Place.FinalMessage) {
      throw new RangeError(
        `${text.length} bytes exceed ${Place.FinalMessage}, the most for a final message`,
      );
    }
    this.writeText(this.wasm.finalMessage(conn) >>> 0, text);
    if (this.wasm.sendFinal(conn, text.length) === 0) throw new Error("The output has ended");
  }

  /** Writes `text` at `start`, one byte per char code; the caller has made sure that it fits. */
  protected writeText(start: number, text: string): void {
    const { bytes } = this;
    for (let i = 0; i < text.length; ++i) bytes[start + i] = text.charCodeAt(i);
  }

  /**
   * Sets aside the piece of content that was found last, until `releaseSpool`.
   *
   * @throws {CoreMemoryError} when no block is left
   */
  spoolPiece(conn: number): void {
    const chain = conn + Conn.SpoolHead;
    if (this.wasm.append(chain, this.pieceStart(conn), this.pieceLength(conn)) === 0) {
      throw new CoreMemoryError();
    }
  }

  /**
   * Sets bytes aside, until `releaseSpool`.
   *
   * @throws {CoreMemoryError} when no block is left
   */
  spoolBytes(conn: number, bytes: Uint8Array): void {
    this.#append(conn + Conn.SpoolHead, bytes);
  }

  /** Drops what was set aside. */
  dropSpool(conn: number): void {
    const at = conn + Conn.SpoolHead >>> 2;
    this.wasm.freeChain(this.words[at]);
    this.words[at] = 0;
    this.words[at + 1] = 0;
  }

  /** Moves what was set aside to the end of the output. */
  releaseSpool(conn: number): void {
    this.wasm.freeChain(this.wasm.spoolToOutput(conn));
  }

  /** The first block of output to send on `conn`, 0 when there is none. */
  outBlock(conn: number): number {
    return this.words[conn + Conn.OutHead >>> 2];
  }

  /** Whether there is exactly one block of output to send on `conn`. */
  hasOneOutBlock(conn: number): boolean {
    const at = conn + Conn.OutHead >>> 2;
    return this.words[at] !== 0 && this.words[at] === this.words[at + 1];
  }

  /** Address of the bytes of the output block `block`. */
  outStart(block: number): number {
    return this.words[block + Out.Start >>> 2];
  }

  /** How many bytes of output `block` has. */
  outLength(block: number): number {
    return this.words[block + Out.Length >>> 2];
  }

  /** The bytes of the output block `block`. */
  outView(block: number): Uint8Array<SharedArrayBuffer> {
    return this.view(this.outStart(block), this.outLength(block));
  }

  /** Removes the first block of output, now sent, from `conn` and frees it. */
  dropOutBlock(conn: number): void {
    const at = conn + Conn.OutHead >>> 2;
    const block = this.words[at];
    const next = this.words[block + Out.Next >>> 2];
    this.words[at] = next;
    if (next === 0) this.words[at + 1] = 0;
    this.wasm.freeOutBlock(block);
  }
}
