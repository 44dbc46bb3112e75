/** A connection that is kept over many requests, with a reader that takes no byte too many. */
import { writeAll } from "../client.ts";

/** A response as it came. */
export interface Reply {
  status: number;
  /** Names in lower case. */
  fields: Map<string, string>;
  content: Uint8Array;
}

/** The connection ended within an answer, or before it. */
export class CutOff extends Error {
  override name = "CutOff";
  constructor() {
    super("The server closed before a whole answer");
  }
}

/** An answer that takes longer is taken to be missing. */
const DEADLINE_MS = 30_000;

/** A connection that is kept. */
export class KeptConnection implements Disposable {
  readonly #conn: Deno.Conn;
  #buffer = new Uint8Array(1 << 16);
  #start = 0;
  #end = 0;

  constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  /**
   * Sends requests, in one write, and receives the replies to `methods`, up to one that announces
   * the end of the connection.
   *
   * @returns whether the connection is kept
   * @throws {CutOff} when the connection ends before; other errors after 30 s, or for a bad reply
   */
  async exchange(
    request: Uint8Array,
    methods: readonly string[],
    onReply: (reply: Reply) => void,
  ): Promise<boolean> {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.#conn.close();
    }, DEADLINE_MS);
    try {
      const sending = writeAll(this.#conn, request);
      sending.catch(() => {});
      for (const method of methods) {
        const reply = await this.#reply(method);
        onReply(reply);
        // The rest of the requests need not be sent (RFC 9112, section 9.6).
        if (reply.fields.get("connection") === "close") return false;
      }
      await sending;
      return true;
    } catch (error) {
      throw isLate ? new Error(`No whole answer within ${DEADLINE_MS / 1000} s`) : error;
    } finally {
      clearTimeout(timer);
    }
  }

  async #reply(method: string): Promise<Reply> {
    const [line, ...lines] = (await this.#until("\r\n\r\n")).slice(0, -4).split("\r\n");
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(line)?.[1]);
    if (!status) throw new Error(`Not a status line: ${line.slice(0, 80)}`);
    const fields = new Map(lines.map((text): [string, string] => {
      const colon = text.indexOf(":");
      return [text.slice(0, colon).toLowerCase(), text.slice(colon + 1).trim()];
    }));
    return { status, fields, content: await this.#content(method, status, fields) };
  }

  async #content(
    method: string,
    status: number,
    fields: Map<string, string>,
  ): Promise<Uint8Array> {
    if (method === "HEAD" || status === 204 || status === 304) return new Uint8Array();
    if (fields.get("transfer-encoding") !== "chunked") {
      return await this.#exactly(Number(fields.get("content-length") ?? NaN));
    }
    const chunks: Uint8Array[] = [];
    for (;;) {
      const length = parseInt(await this.#until("\r\n"), 16);
      const chunk = await this.#exactly(length + 2);
      if (length === 0) return concat(chunks);
      chunks.push(chunk.subarray(0, length));
    }
  }

  /** Receives text up to `end`, which is included. */
  async #until(end: string): Promise<string> {
    for (;;) {
      const text = String.fromCharCode(...this.#buffer.subarray(this.#start, this.#end));
      const at = text.indexOf(end);
      if (at >= 0) {
        this.#start += at + end.length;
        return text.slice(0, at + end.length);
      }
      if (text.length > 8192) throw new Error(`No end of a line or head: ${text.slice(0, 80)}`);
      await this.#fill();
    }
  }

  async #exactly(length: number): Promise<Uint8Array> {
    if (!(length >= 0)) throw new Error("A response without a length");
    const content = new Uint8Array(length);
    for (let at = 0; at < length;) {
      if (this.#start === this.#end) await this.#fill();
      const part = this.#buffer.subarray(
        this.#start,
        Math.min(this.#end, this.#start + length - at),
      );
      content.set(part, at);
      at += part.length;
      this.#start += part.length;
    }
    return content;
  }

  async #fill(): Promise<void> {
    this.#buffer.copyWithin(0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
    const count = await this.#conn.read(this.#buffer.subarray(this.#end));
    if (count === null) throw new CutOff();
    this.#end += count;
  }

  [Symbol.dispose](): void {
    try {
      this.#conn.close();
    } catch {
      // Closed at the deadline.
    }
  }
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
