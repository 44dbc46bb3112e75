/**
 * Listings that are being made or sent. Requests for a directory that come while it is read or
 * sorted share that work and its result; the work is aborted when the last of them ends. Later
 * requests get a new listing, so that no listing is older than its request by more than the time
 * this work takes.
 */
import type { EntryPack } from "./entry_pack.ts";
import { type SortedEntries, sortEntries, type SortKey } from "./listing_order.ts";
import type { ListingRoom } from "./listing_room.ts";
import { Slice } from "./slice.ts";

/** Reads the entries of a directory; stops with the reason of `signal` when it is aborted. */
export type ReadEntries = (path: string, signal: AbortSignal) => Promise<EntryPack[]>;

/** A reader's share in a listing. */
export interface ListingShare {
  /** The entries in the order asked for. Rejects when the directory cannot be read. */
  readonly sorted: Promise<SortedEntries>;
  /** Ends the share of this reader. May be called again. */
  leave(): void;
}

/** The listings of one site. */
export class Listings {
  readonly #read: ReadEntries;
  readonly #room: ListingRoom;
  /** Listings that are being read or sorted, by path. */
  readonly #underWay = new Map<string, Listing>();

  constructor(read: ReadEntries, room: ListingRoom) {
    this.#read = read;
    this.#room = room;
  }

  /** Whether the listing of `path` may be asked for now. */
  hasRoomFor(path: string): boolean {
    return this.#underWay.has(path) || this.#room.hasRoom();
  }

  /** Begins the listing of `path` sorted by `key`, or joins one that is under way. */
  join(path: string, key: SortKey): ListingShare {
    const listing = this.#underWay.get(path) ?? this.#begin(path);
    return listing.share(key);
  }

  #begin(path: string): Listing {
    const listing = new Listing({
      room: this.#room,
      read: (signal) => this.#read(path, signal),
      onRest: () => {
        if (this.#underWay.get(path) === listing) this.#underWay.delete(path);
      },
    });
    this.#underWay.set(path, listing);
    return listing;
  }
}

/** How a listing is made, and the callback for when no work on it is left. */
interface ListingDetails {
  room: ListingRoom;
  read: (signal: AbortSignal) => Promise<EntryPack[]>;
  onRest: () => void;
}

/** One reading of a directory, in the orders that were asked for. */
class Listing {
  readonly #details: ListingDetails;
  readonly #abort = new AbortController();
  readonly #packs: Promise<EntryPack[]>;
  readonly #orders = new Map<SortKey, Promise<SortedEntries>>();
  /** Number of orders that are still being sorted. */
  #unready = 0;
  #readers = 0;
  #heldEntries = 0;

  constructor(details: ListingDetails) {
    this.#details = details;
    this.#packs = this.#read();
  }

  share(key: SortKey): ListingShare {
    ++this.#readers;
    let sorted = this.#orders.get(key);
    if (sorted === undefined) {
      sorted = this.#sort(key);
      this.#orders.set(key, sorted);
    }
    let isReader = true;
    const leave = () => {
      if (isReader && --this.#readers === 0) this.#end();
      isReader = false;
    };
    return { sorted, leave };
  }

  async #read(): Promise<EntryPack[]> {
    const { room, read } = this.#details;
    const { signal } = this.#abort;
    const packs = await room.work(signal, () => read(signal));
    signal.throwIfAborted();
    this.#heldEntries = packs.reduce((sum, { length }) => sum + length, 0);
    room.hold(this.#heldEntries);
    return packs;
  }

  #sort(key: SortKey): Promise<SortedEntries> {
    ++this.#unready;
    const sorted = this.#packs.then((packs) =>
      this.#details.room.work(this.#abort.signal, () => this.#sortSliced(packs, key))
    );
    const onReady = () => {
      if (--this.#unready === 0) this.#details.onRest();
    };
    // Readers get the failure from `sorted`; it is handled here in case none is left.
    sorted.then(onReady, onReady);
    return sorted;
  }

  async #sortSliced(packs: EntryPack[], key: SortKey): Promise<SortedEntries> {
    const sorting = sortEntries(packs, key);
    const slice = new Slice();
    for (;;) {
      const step = sorting.next();
      if (step.done) return step.value;
      if (slice.isOver()) await slice.next();
      this.#abort.signal.throwIfAborted();
    }
  }

  /** Called when the last reader has left. */
  #end(): void {
    this.#details.onRest();
    this.#abort.abort();
    this.#details.room.hold(-this.#heldEntries);
    this.#heldEntries = 0;
  }
}
