/**
 * Content of requests, for resources that read it. It is kept on the heap, as it is not part of any
 * output.
 */

const NO_BYTES = new Uint8Array(0);

/** The content that has come so far, by connection. */
export class ReceivedContent {
  readonly #pieces = new Map<number, Uint8Array<ArrayBuffer>[]>();

  /** Appends a copy of `piece` to the content received on `conn`. */
  add(conn: number, piece: Uint8Array): void {
    const pieces = this.#pieces.get(conn);
    const copy = new Uint8Array(piece);
    if (pieces === undefined) this.#pieces.set(conn, [copy]);
    else pieces.push(copy);
  }

  /** Returns all the content received on `conn`, and removes it. */
  take(conn: number): Uint8Array<ArrayBuffer> {
    const pieces = this.#pieces.get(conn);
    if (pieces === undefined) return NO_BYTES;
    this.#pieces.delete(conn);
    if (pieces.length === 1) return pieces[0];
    const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const piece of pieces) {
      all.set(piece, at);
      at += piece.length;
    }
    return all;
  }

  /** Drops the content of `conn`. */
  drop(conn: number): void {
    this.#pieces.delete(conn);
  }
}
