/**
 * Peers whose connections were closed and whose TCP sockets should be closed by now.
 *
 * `Deno.TlsConn.close` leaves the socket open until the handshake has ended, or until all output
 * and the close_notify alert are sent. With a peer that does nothing, it stays open for ever.
 */

/** Time that a socket has to close by itself, in ms: at least this, at most twice as long. */
const CLOSING_MS = 250;

/** Names peers some time after their connections were closed. */
export class Overdue {
  /** Told of peers as `address:port`. */
  onOverdue: ((peers: Set<string>) => void) | undefined;
  #closed = new Set<string>();
  #older = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** The connection with `peer` was closed. */
  add(peer: string): void {
    if (this.onOverdue === undefined) return;
    this.#closed.add(peer);
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.#tell(), CLOSING_MS);
    Deno.unrefTimer(this.#timer);
  }

  /** There is a new connection with `peer`: the socket of the last one is closed. */
  delete(peer: string): void {
    this.#closed.delete(peer);
    this.#older.delete(peer);
  }

  #tell(): void {
    this.#timer = undefined;
    const overdue = this.#older;
    this.#older = this.#closed;
    this.#closed = new Set();
    if (this.#older.size > 0) {
      this.#timer = setTimeout(() => this.#tell(), CLOSING_MS);
      Deno.unrefTimer(this.#timer);
    }
    if (overdue.size > 0) this.onOverdue?.(overdue);
  }
}
