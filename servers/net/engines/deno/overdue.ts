/**
 * Peers whose connections were closed and whose TCP sockets should be closed by now.
 *
 * `Deno.TlsConn.close` leaves the socket open until the handshake has ended, or until all output
 * and the close_notify alert are sent. If the peer does nothing, it stays open forever.
 */

/** Time that a socket has to close by itself, in ms: between one and two times this. */
const CLOSING_MS = 250;

/** Reports peers some time after their connections were closed. */
export class Overdue {
  /** Called with peers, as `address:port`. */
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

  /** There is a new connection with `peer`, so the socket of the previous one is closed. */
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
