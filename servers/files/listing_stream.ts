/** Sends a listing to one reader. */
import type { Streamed } from "../http/resource.ts";
import type { Sender } from "../net/service.ts";
import { diskError } from "./disk_error.ts";
import type { Entry } from "./entry_pack.ts";
import { isGone } from "./files.ts";
import { writeListing } from "./listing.ts";
import type { SortedEntries } from "./listing_order.ts";
import type { ListingShare } from "./listings.ts";
import type { PlannedListing } from "./plan.ts";
import { Slice } from "./slice.ts";

/**
 * How often a line break is sent to a reader whose listing is still being made. Only sending
 * reveals that the peer is gone: its FIN may merely mean that it has no more requests.
 */
const ALIVE_MS = 500;

const encoder = new TextEncoder();
const LINE_BREAK = encoder.encode("\n");

/** The pieces of a listing, made one at a time from entries that other readers share. */
export class ListingStream implements Streamed {
  readonly #planned: PlannedListing;
  readonly #share: ListingShare;

  constructor(planned: PlannedListing, share: ListingShare) {
    this.#planned = planned;
    this.#share = share;
  }

  /**
   * Waits a while for the entries, so that a directory that cannot be read is answered with an
   * error status.
   *
   * @returns false when the directory is gone
   */
  async begin(): Promise<boolean> {
    try {
      await this.#wait();
      return true;
    } catch (error) {
      if (isGone(error)) return false;
      throw error;
    }
  }

  async send(sender: Sender): Promise<boolean> {
    const pieces = this.pieces();
    for (;;) {
      let piece;
      try {
        piece = await pieces.next();
      } catch (error) {
        // Reading the directory failed after the head was sent.
        if (diskError(error) !== undefined) return false;
        throw error;
      }
      if (piece.done) return true;
      await sender.write(piece.value);
    }
  }

  /**
   * The bytes, in pieces of at most a few tens of KiB. A slow reader slows down the writing.
   *
   * @throws a system error when the directory is gone or cannot be read
   */
  async *pieces(): AsyncGenerator<Uint8Array, undefined> {
    const { segments, sort, format } = this.#planned;
    let sorted: SortedEntries | undefined;
    const entries: Iterable<Entry> = { [Symbol.iterator]: () => sorted!.inOrder(sort) };
    const pieces = writeListing({ segments, sort, entries }, format);
    // Sent at once, so that a peer that is gone is noticed before the entries are ready.
    yield encoder.encode(pieces.next().value!);
    while ((sorted = await this.#wait()) === undefined) yield LINE_BREAK;
    const slice = new Slice();
    for (const piece of pieces) {
      yield encoder.encode(piece);
      // If the peer receives as fast as it is sent to, nothing else yields to other connections.
      if (slice.isOver()) await slice.next();
    }
  }

  /** Gives up its share, sent or not; may be called again. */
  cancel(): void {
    this.#share.leave();
  }

  /**
   * Waits for the entries.
   *
   * @returns undefined when they are not ready after {@linkcode ALIVE_MS}
   * @throws a system error when the directory is gone or cannot be read
   */
  async #wait(): Promise<SortedEntries | undefined> {
    const { promise: late, resolve } = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => resolve(undefined), ALIVE_MS);
    try {
      return await Promise.race([this.#share.sorted, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
