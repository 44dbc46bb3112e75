/**
 * A TCP client that sends any bytes in any pieces, and keeps what comes back. It reads while it
 * sends, so that neither side can block the other.
 */
import { type Cuts, pieces } from "./cuts.ts";
import { ServerGone } from "./target.ts";

/** The connection as the client sees it: `closed` by the peer's FIN, `reset`, or still `open`. */
export type ConnectionEnd = "open" | "closed" | "reset";

/** Most received bytes that are kept; further ones are only counted. */
const MOST_KEPT = 1 << 20;

/** Called with what a peer sends. */
export interface Listener {
  bytes(received: Uint8Array): void;
  end(how: ConnectionEnd): void;
}

export class Peer implements Disposable {
  readonly #conn: Deno.TcpConn;
  readonly #listener: Listener | undefined;
  #kept = new Uint8Array(4096);
  #keptLength = 0;
  #count = 0;
  #end: ConnectionEnd = "open";
  #failure: string | undefined;
  #sendFailed = false;
  #isReading = true;
  #wake: (() => void)[] = [];
  #pump: Promise<void>;

  private constructor(conn: Deno.TcpConn, listener?: Listener) {
    this.#conn = conn;
    this.#listener = listener;
    this.#pump = this.#read();
  }

  /**
   * Connects.
   *
   * @throws {ServerGone} when no server listens at the address, or the connection is not accepted
   * within `timeoutMs` (no limit)
   */
  static async connect(
    address: Deno.ConnectOptions,
    { listener, timeoutMs }: { listener?: Listener; timeoutMs?: number } = {},
  ): Promise<Peer> {
    const signal = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
    try {
      const conn = await Deno.connect({ ...address, ...(signal && { signal }) });
      conn.setNoDelay(true);
      return new Peer(conn, listener);
    } catch (error) {
      if (error instanceof Deno.errors.ConnectionRefused || signal?.aborted) {
        throw new ServerGone(`no connection: ${(error as Error).message}`);
      }
      throw error;
    }
  }

  /**
   * The bytes received so far, or the first of them if there are many. The view changes with the
   * next bytes.
   */
  get received(): Uint8Array {
    return this.#kept.subarray(0, this.#keptLength);
  }

  /** How many bytes were received. */
  get count(): number {
    return this.#count;
  }

  get end(): ConnectionEnd {
    return this.#end;
  }

  /** The system's error when a read has failed; undefined otherwise. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Whether a write failed because the peer no longer takes bytes. */
  get sendFailed(): boolean {
    return this.#sendFailed;
  }

  /**
   * Sends bytes, one write per piece.
   *
   * @param pauseMs between two pieces, so that they arrive apart (0)
   * @returns false when the peer no longer accepts bytes, which is not a fault, as it may have
   * answered already
   */
  async send(bytes: Uint8Array, cuts: Cuts = [], pauseMs = 0): Promise<boolean> {
    let isFirst = true;
    for (const piece of pieces(bytes, cuts)) {
      if (!isFirst && pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      isFirst = false;
      let sent = 0;
      while (sent < piece.length && !this.#sendFailed) {
        try {
          sent += await this.#conn.write(piece.subarray(sent));
        } catch {
          this.#sendFailed = true;
        }
      }
      if (this.#sendFailed) return false;
    }
    return true;
  }

  /** Sends FIN; the peer can still answer. */
  async halfClose(): Promise<void> {
    try {
      await this.#conn.closeWrite();
    } catch {
      this.#sendFailed = true;
    }
  }

  /**
   * Waits until `condition` holds or the connection ends.
   *
   * @returns false when neither happened within `timeoutMs`
   */
  async until(condition: () => boolean, timeoutMs: number): Promise<boolean> {
    const deadline = performance.now() + timeoutMs;
    while (this.#end === "open" && !condition()) {
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) return false;
      await this.#change(leftMs);
    }
    return true;
  }

  /** Waits until the peer closes or resets; false when it did not in time. */
  untilEnd(timeoutMs: number): Promise<boolean> {
    return this.until(() => false, timeoutMs);
  }

  /** Stops reading after the present read: what the peer sends stays in its and our buffers. */
  pause(): void {
    this.#isReading = false;
  }

  /** Resumes reading. */
  resume(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    const before = this.#pump;
    this.#pump = before.then(() => this.#read());
  }

  /** Closes the socket and waits until the reading has stopped. */
  async close(): Promise<void> {
    this[Symbol.dispose]();
    await this.#pump;
  }

  [Symbol.dispose](): void {
    try {
      this.#conn.close();
    } catch {
      // It was closed before.
    }
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(65536);
    try {
      while (this.#isReading) {
        const count = await this.#conn.read(buffer);
        if (count === null) {
          this.#finish("closed");
          return;
        }
        this.#keep(buffer.subarray(0, count));
      }
    } catch (error) {
      // A read on a socket closed by close() ends here too, but then the failure is not used.
      this.#failure ??= String(error);
      this.#finish("reset");
    }
  }

  #finish(how: ConnectionEnd): void {
    if (this.#end !== "open") return;
    this.#end = how;
    this.#listener?.end(how);
    this.#notify();
  }

  #keep(bytes: Uint8Array): void {
    this.#count += bytes.length;
    const room = bytes.subarray(0, MOST_KEPT - this.#keptLength);
    if (this.#keptLength + room.length > this.#kept.length) {
      const larger = new Uint8Array(
        Math.max(2 * this.#kept.length, this.#keptLength + room.length),
      );
      larger.set(this.received);
      this.#kept = larger;
    }
    this.#kept.set(room, this.#keptLength);
    this.#keptLength += room.length;
    this.#listener?.bytes(bytes);
    this.#notify();
  }

  #notify(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  async #change(timeoutMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake.push(resolve);
    const timer = setTimeout(resolve, timeoutMs);
    await promise;
    clearTimeout(timer);
  }
}
