/** Reads responses strictly: whatever is not exactly right is an error. */
import { hold } from "../failure.ts";

/** A whole response. */
export interface Response {
  status: number;
  /** Values by name in lower case; a repeated field is wrong. */
  fields: ReadonlyMap<string, string>;
  /** Not a copy: valid until more is pushed. */
  body: Uint8Array;
}

const decoder = new TextDecoder("latin1");
const STATUS_LINE = /^HTTP\/1\.1 ([1-5]\d\d) [ -~]*$/;
const FIELD_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): ([ -~]*)$/;
const NONE = new Uint8Array(0);

/** The responses on one connection. */
export class ResponseParser {
  #bytes = new Uint8Array(1024);
  #start = 0;
  #end = 0;

  /** Bytes that belong to no whole response yet. */
  get pending(): number {
    return this.#end - this.#start;
  }

  push(bytes: Uint8Array): void {
    if (this.#end + bytes.length > this.#bytes.length) {
      const rest = this.#bytes.subarray(this.#start, this.#end);
      const needed = rest.length + bytes.length;
      // A new one: bodies that were handed out stay as they are.
      const larger = new Uint8Array(Math.max(1024, 2 * needed));
      larger.set(rest);
      this.#bytes = larger;
      this.#end -= this.#start;
      this.#start = 0;
    }
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /**
   * Takes the next whole response.
   *
   * @param isHead whether it answers HEAD
   * @returns `undefined` when it is not complete
   * @throws {Wrong} when it is not a valid response
   */
  next(isHead: boolean): Response | undefined {
    const headEnd = this.#headEnd();
    if (headEnd < 0) {
      hold(this.pending < 65536, "a response head without end");
      return undefined;
    }
    const lines = decoder.decode(this.#bytes.subarray(this.#start, headEnd)).split("\r\n");
    const status = Number(STATUS_LINE.exec(lines[0])?.[1]);
    hold(status > 0, () => `no status line: ${JSON.stringify(lines[0].slice(0, 80))}`);
    const fields = new Map<string, string>();
    for (const line of lines.slice(1)) {
      const match = FIELD_LINE.exec(line);
      hold(match !== null, () => `no field line: ${JSON.stringify(line.slice(0, 80))}`);
      const name = match[1].toLowerCase();
      hold(!fields.has(name), () => `the field ${name} is repeated`);
      fields.set(name, match[2]);
    }
    const bodyStart = headEnd + 4;
    const length = fields.get("content-length");
    if (status < 200 || status === 204 || status === 304 || isHead) {
      hold(status !== 204 && status >= 200 || length === undefined, "content with 1xx or 204");
      this.#start = bodyStart;
      return { status, fields, body: NONE };
    }
    const coding = fields.get("transfer-encoding");
    hold(length === undefined || coding === undefined, "both a length and chunks");
    if (coding !== undefined) return this.#chunked(bodyStart, { status, fields });
    hold(/^\d+$/.test(length ?? ""), () => `the length of the content is ${length}`);
    const bodyEnd = bodyStart + Number(length);
    if (bodyEnd > this.#end) return undefined;
    this.#start = bodyEnd;
    return { status, fields, body: this.#bytes.subarray(bodyStart, bodyEnd) };
  }

  #chunked(start: number, head: Omit<Response, "body">): Response | undefined {
    const parts: Uint8Array[] = [];
    for (;;) {
      const lineEnd = this.#bytes.indexOf(13, start);
      if (lineEnd < 0 || lineEnd + 1 >= this.#end) return undefined;
      const line = decoder.decode(this.#bytes.subarray(start, lineEnd));
      hold(/^[0-9a-f]{1,8}$/.test(line), () => `the size of a chunk is ${JSON.stringify(line)}`);
      const size = parseInt(line, 16);
      start = lineEnd + 2;
      if (start + size + 2 > this.#end) return undefined;
      hold(this.#bytes[start + size] === 13, "no line end behind a chunk");
      if (size === 0) break;
      parts.push(this.#bytes.subarray(start, start + size));
      start += size + 2;
    }
    this.#start = start + 2;
    const body = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of parts) {
      body.set(part, at);
      at += part.length;
    }
    return { ...head, body };
  }

  /** Where the empty line begins that ends the head; -1: it has not come. */
  #headEnd(): number {
    const bytes = this.#bytes;
    for (let at = bytes.indexOf(13, this.#start); at >= 0 && at + 3 < this.#end;) {
      if (bytes[at + 1] === 10 && bytes[at + 2] === 13 && bytes[at + 3] === 10) return at;
      at = bytes.indexOf(13, at + 1);
    }
    return -1;
  }
}
