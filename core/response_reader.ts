/**
 * The host's side of the response parser: reads responses on the connections of a `Core`.
 *
 * It is a separate instance of the module over the core's memory, so that servers, which read no
 * responses, do not load it.
 */
import type { Core } from "./host.ts";
import { Code, Conn, type Event } from "./shared/abi.ts";
import { Client, ResponseCode, ResponseWord } from "./shared/abi_client.ts";

/** Functions of the module that read responses. */
interface Exports {
  nextResponse(conn: number): Event;
  takeResponses(conn: number, received: number, most: number): number;
  countStatus(conn: number, count: number): void;
  hasMore(conn: number): number;
  endOfResponses(conn: number): Event;
  openResponses(conn: number): void;
}

/** Reads responses; one per thread. */
export class ResponseReader {
  /**
   * Counts of complete responses by status code, 0 to 999. A live view; fill it with 0 to start
   * over.
   */
  readonly statuses: BigUint64Array<SharedArrayBuffer>;
  readonly #core: Core;
  readonly #words: Uint32Array<SharedArrayBuffer>;
  readonly #wasm: Exports;

  /**
   * A reader over the memory of `core`.
   *
   * @param core whose memory the responses are received into
   * @param isHead whether every request is HEAD, whose responses have no content
   */
  constructor(core: Core, isHead = false) {
    const { module, memory } = core.share;
    this.#core = core;
    this.#words = core.words;
    this.isHead = isHead;
    this.statuses = new BigUint64Array(core.words.buffer, Client.Statuses, Client.StatusCount);
    this.#wasm = new WebAssembly.Instance(module, { env: { memory } })
      .exports as unknown as Exports;
  }

  /**
   * Sets whether the next response, on any connection, answers HEAD and so has no content. Set it
   * before `take` or `next` when requests differ.
   */
  set isHead(value: boolean) {
    this.#words[Client.IsHead >>> 2] = value ? 1 : 0;
  }

  /** Takes a block for a new connection. @returns its address, 0 when there is none left */
  open(): number {
    const conn = this.#core.open();
    if (conn !== 0) this.#wasm.openResponses(conn);
    return conn;
  }

  /** Frees the block of `conn`. */
  close(conn: number): void {
    this.#core.close(conn);
  }

  /**
   * Takes `received` bytes that were read into the input view of `conn`, consumes up to `most`
   * responses (those that were asked for) and counts them under their status.
   *
   * @returns how many, with bits of `Taken`
   */
  take(conn: number, received: number, most: number): number {
    return this.#wasm.takeResponses(conn, received, most);
  }

  /**
   * Finds the next event in the input of `conn`, for callers that want the content too. Every
   * response is a `Head`, any number of `Body` and an `End`; nothing is counted.
   */
  next(conn: number): Event {
    return this.#wasm.nextResponse(conn);
  }

  /** Counts the response that was read last under its status. */
  count(conn: number): void {
    this.#wasm.countStatus(conn, 1);
  }

  /** Whether the input of `conn` holds any bytes other than the empty lines that are ignored. */
  hasMore(conn: number): boolean {
    return this.#wasm.hasMore(conn) !== 0;
  }

  /**
   * Says what the end of the connection means: `End` when it completes a response, `NeedMore` when
   * none was begun, `Error` when one is cut short.
   */
  end(conn: number): Event {
    return this.#wasm.endOfResponses(conn);
  }

  /** Whether a response has begun on `conn` and is incomplete. */
  isInResponse(conn: number): boolean {
    return this.#words[conn + Conn.State >>> 2] !== 0;
  }

  /**
   * Where to read `conn` into, each time, as long as `take` or `next` consume what was read before.
   * The view stays valid.
   */
  inputView(conn: number): Uint8Array<SharedArrayBuffer> {
    const start = this.#words[conn + Conn.Head >>> 2];
    return this.#core.bytes.subarray(start, this.#words[conn + Conn.Limit >>> 2]);
  }

  /** Status code of the response whose head was read last. */
  status(conn: number): number {
    return this.#words[conn + ResponseWord.Status >>> 2];
  }

  /** Why reading failed, or why the bytes that `hasMore` found are wrong, in words. */
  reason(conn: number): string {
    return reasonOf(this.#words[conn + Conn.Code >>> 2]);
  }

  /**
   * The bytes that were refused: at most `most` of them, from the start of the line or element at
   * fault.
   */
  rejected(conn: number, most: number): Uint8Array {
    const start = this.#words[conn + Conn.Pos >>> 2];
    const end = Math.min(this.#words[conn + Conn.End >>> 2], start + most);
    return this.#core.bytes.slice(start, end);
  }
}

const REASONS: Readonly<Record<number, string>> = {
  [ResponseCode.BadStatusLine]: "it does not start with a status line",
  [ResponseCode.ExtraBytes]: "bytes follow the response that its framing does not cover",
  [Code.BareLineFeed]: "a line ends with LF alone",
  [Code.BareCarriageReturn]: "a CR is not followed by LF",
  [Code.ControlByte]: "the head contains a control character",
  [Code.WhiteSpaceBeforeFields]: "there is white space before the first field",
  [Code.BadFieldName]: "a field name is malformed",
  [Code.NoColon]: "a field line has no colon",
  [Code.HeaderTooLarge]: "a field line is too long",
  [Code.BadContentLength]: "Content-Length is not a number",
  [Code.RepeatedContentLength]: "there are two different Content-Length",
  [Code.LengthAndTransferEncoding]: "Content-Length and Transfer-Encoding exclude each other",
  [Code.BadTransferEncoding]: "Transfer-Encoding is malformed",
  [Code.TransferEncodingInHttp10]: "HTTP/1.0 has no Transfer-Encoding",
  [Code.BadChunkSize]: "a chunk size is malformed",
  [Code.BadChunkExtension]: "a chunk extension is malformed",
  [Code.BadChunkEnd]: "a chunk does not end with CRLF",
  [Code.ChunkExtensionTooLong]: "the chunk extensions are too long",
  [Code.BadTrailer]: "a trailer field is malformed",
  [Code.TrailerTooLarge]: "the trailer section is too large",
  [Code.BodyTooLarge]: "the content is too large",
  [Code.Incomplete]: "the connection ended within it",
};

/** The meaning of `code` for a response, in words. */
function reasonOf(code: number): string {
  return REASONS[code] ?? "it is malformed";
}
