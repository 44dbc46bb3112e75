/** Reads a server's answer of unknown length. */

/** What is received on a connection. */
export class Answer {
  bytes = new Uint8Array(0);
  /** Whether the server sends no more. */
  isOver = false;
  readonly #conn: Deno.Conn;
  readonly #buffer = new Uint8Array(65536);
  /** The pending read, which outlives a wait that ended first. */
  #reading: Promise<number | null> | undefined;

  constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  /**
   * Reads until there are `length` bytes, the server has ended, or nothing has arrived for
   * `quietMs`.
   */
  async grow(length: number, quietMs: number): Promise<void> {
    while (!this.isOver && this.bytes.length < length) {
      this.#reading ??= this.#conn.read(this.#buffer).catch(() => null);
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, quietMs);
      const count = await Promise.race([this.#reading, late]);
      clearTimeout(timer);
      if (count === undefined) return;
      this.#reading = undefined;
      if (count === null) this.isOver = true;
      else {
        const grown = new Uint8Array(this.bytes.length + count);
        grown.set(this.bytes);
        grown.set(this.#buffer.subarray(0, count), this.bytes.length);
        this.bytes = grown;
      }
    }
  }
}
