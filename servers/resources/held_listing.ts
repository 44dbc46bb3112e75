/**
 * Listings that were written on another thread and wait here for their peers. A page of a large
 * directory is some 20 MB, so what all of them hold together is bounded.
 */
import type { Streamed } from "../resource.ts";
import type { Sender } from "../service.ts";

/** Bytes of listings that may wait to be sent at once. */
export const MAX_HELD_BYTES = 256 << 20;

/** Bytes that wait now. */
let heldBytes = 0;

/** A listing in pieces, each given up once it is sent. */
export class HeldListing implements Streamed {
  #pieces: Uint8Array[];

  private constructor(pieces: Uint8Array[]) {
    this.#pieces = pieces;
  }

  /** Holds `pieces`. @returns `undefined` when too much waits already */
  static hold(pieces: Uint8Array[]): HeldListing | undefined {
    const bytes = sizeOf(pieces);
    if (heldBytes > 0 && heldBytes + bytes > MAX_HELD_BYTES) return undefined;
    heldBytes += bytes;
    return new HeldListing(pieces.reverse());
  }

  async send(sender: Sender): Promise<boolean> {
    for (let piece = this.#pieces.at(-1); piece !== undefined; piece = this.#pieces.at(-1)) {
      await sender.write(piece);
      this.#pieces.pop();
      heldBytes -= piece.length;
    }
    return true;
  }

  cancel(): void {
    heldBytes -= sizeOf(this.#pieces);
    this.#pieces = [];
  }
}

function sizeOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}
