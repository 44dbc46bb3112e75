/**
 * The connections that several threads serve, by descriptor: which thread holds each, and the state
 * that a thread needs to continue one.
 *
 * Each row has a claim word. A connection that waits for its socket is *parked*, and belongs to no
 * thread. A thread that gets an event claims the connection by compare-and-swap, handles the event,
 * and parks it again. The thread that keeps the deadlines claims it in the same way. So at most one
 * thread holds it.
 *
 * A thread that gets an event on a connection held by another thread leaves the event on the claim
 * word, where the holder finds it when it parks the connection. So no event is lost, and none has
 * to be rearmed:
 *
 *   FREE ──open──> held by A ──park──> PARKED ──offer──> held by B
 *                   │    ^                                │ offer
 *                   │    └──────park: goes on with it── held by B, with events
 *                   └──close──> FREE
 *
 * A descriptor may be closed, and its number reused, between an event and its handling. An event
 * therefore only means "try", and a try on the wrong connection finds nothing to do.
 */
import { SAVED_WORDS } from "../../../connection.ts";
import { Doing } from "../../../connection_list.ts";
import { NEVER } from "../../../deadlines.ts";

/** Words of a row: 64 bytes, one cache line. */
const ROW_WORDS = 16;

/** The words. */
const enum Row {
  Claim = 0,
  /** Distinguishes successive connections of a descriptor. */
  Generation = 1,
  /** The block's address. */
  Conn = 2,
  /** What the driver has saved. */
  Driver = 3,
  /** State that the connection has saved. */
  Connection = 4,
  /** What it is doing while its holder waits: a `Doing`. */
  Held = 15,
}

/** The claim of a descriptor without a connection, and that of a parked connection. */
const FREE = 0;
const PARKED = 1;

/** Thread `i` claims with this plus `i`. */
const FIRST_HOLDER = 2;

/** The lower half of a claim is the holder, the upper half holds events. */
const EVENTS_SHIFT = 16;
const HOLDER_BITS = (1 << EVENTS_SHIFT) - 1;

/** Most threads. */
export const MAX_HOLDERS = HOLDER_BITS - FIRST_HOLDER;

/** Bytes for the text of a peer's address: its length, then its characters. */
const PEER_BYTES = 64;

/** The result of offering an event. */
export const enum Offer {
  /** The caller now holds the connection. */
  Claimed,
  /** The caller held it already. */
  Own,
  /** Another thread holds it and will find the event, or there is no connection. */
  Left,
}

/** The memory of a table: plain data that is sent to threads. */
export interface TableShare {
  rows: Int32Array<SharedArrayBuffer>;
  deadlines: Int32Array<SharedArrayBuffer>;
  peers: Uint8Array<SharedArrayBuffer>;
  /** One word: no descriptor that was ever used is higher. */
  highest: Int32Array<SharedArrayBuffer>;
}

/** One thread's view of the table. */
export class ConnectionTable {
  /** Descriptors are below this. */
  readonly capacity: number;
  /** Ticks at which connections time out, by descriptor. */
  readonly deadlines: Int32Array<SharedArrayBuffer>;
  readonly #rows: Int32Array<SharedArrayBuffer>;
  readonly #peers: Uint8Array<SharedArrayBuffer>;
  readonly #highest: Int32Array<SharedArrayBuffer>;
  readonly #holder: number;

  /** @param index this thread's number, below `MAX_HOLDERS` */
  constructor({ rows, deadlines, peers, highest }: TableShare, index: number) {
    this.#rows = rows;
    this.deadlines = deadlines;
    this.#peers = peers;
    this.#highest = highest;
    this.capacity = deadlines.length;
    this.#holder = index + FIRST_HOLDER;
  }

  /** Memory for descriptors below `capacity`; untouched pages take almost no memory. */
  static share(capacity: number): TableShare {
    if (Row.Connection + SAVED_WORDS > Row.Held) throw new Error("A row is too short");
    return {
      rows: new Int32Array(new SharedArrayBuffer(capacity * ROW_WORDS * 4)),
      deadlines: new Int32Array(new SharedArrayBuffer(capacity * 4)).fill(NEVER),
      peers: new Uint8Array(new SharedArrayBuffer(capacity * PEER_BYTES)),
      highest: new Int32Array(new SharedArrayBuffer(4)),
    };
  }

  /** The words in which a connection is saved. */
  get words(): Int32Array<SharedArrayBuffer> {
    return this.#rows;
  }

  /** Where in `words` the saved connection of `fd` begins. */
  savedAt(fd: number): number {
    return fd * ROW_WORDS + Row.Connection;
  }

  /** The highest descriptor that was ever used. */
  get highest(): number {
    return Atomics.load(this.#highest, 0);
  }

  /** Fills the row of a new connection, which the caller holds. */
  open(fd: number, conn: number, peer: string): void {
    const at = fd * ROW_WORDS;
    this.#rows[at + Row.Conn] = conn;
    ++this.#rows[at + Row.Generation];
    this.#rows[at + Row.Held] = Doing.Working;
    this.deadlines[fd] = NEVER;
    this.#writePeer(fd, peer);
    this.#raiseHighest(fd);
    Atomics.store(this.#rows, at + Row.Claim, this.#holder);
  }

  /** Frees the row of `fd`, whose connection, held by the caller, has ended. */
  close(fd: number): void {
    this.deadlines[fd] = NEVER;
    Atomics.store(this.#rows, fd * ROW_WORDS + Row.Claim, FREE);
  }

  /** Claims the connection of `fd` if it is parked. @returns whether the caller holds it now */
  claim(fd: number): boolean {
    const at = fd * ROW_WORDS + Row.Claim;
    return Atomics.compareExchange(this.#rows, at, PARKED, this.#holder) === PARKED;
  }

  /** Claims the connection of `fd` for `events` (not 0), or leaves the events for its holder. */
  offer(fd: number, events: number): Offer {
    const at = fd * ROW_WORDS + Row.Claim;
    let seen = Atomics.compareExchange(this.#rows, at, PARKED, this.#holder);
    for (;;) {
      if (seen === PARKED) return Offer.Claimed;
      if (seen === FREE) return Offer.Left;
      if ((seen & HOLDER_BITS) === this.#holder) return Offer.Own;
      const marked = seen | events << EVENTS_SHIFT;
      const now = Atomics.compareExchange(this.#rows, at, seen, marked);
      if (now === seen) return Offer.Left;
      seen = now === PARKED ? Atomics.compareExchange(this.#rows, at, PARKED, this.#holder) : now;
    }
  }

  /**
   * Parks the connection of `fd`, which the caller holds and has saved.
   *
   * @returns 0, or the events that have occurred meanwhile; in that case the caller still holds it
   */
  park(fd: number): number {
    const at = fd * ROW_WORDS + Row.Claim;
    const holder = this.#holder;
    if (Atomics.compareExchange(this.#rows, at, holder, PARKED) === holder) return 0;
    return Atomics.and(this.#rows, at, HOLDER_BITS) >>> EVENTS_SHIFT;
  }

  /** Parks it unconditionally; the caller must have its events reported again. */
  leave(fd: number): void {
    Atomics.store(this.#rows, fd * ROW_WORDS + Row.Claim, PARKED);
  }

  /**
   * Takes over the connection of `fd` if the thread `index`, which is gone, held it. @returns
   * whether it did
   */
  inherit(fd: number, index: number): boolean {
    const at = fd * ROW_WORDS + Row.Claim;
    const seen = Atomics.load(this.#rows, at);
    if ((seen & HOLDER_BITS) !== index + FIRST_HOLDER) return false;
    Atomics.store(this.#rows, at, this.#holder);
    return true;
  }

  /** Whether there is a connection on `fd`. */
  isOpen(fd: number): boolean {
    return Atomics.load(this.#rows, fd * ROW_WORDS + Row.Claim) !== FREE;
  }

  /** Whether the connection of `fd` waits for its socket and no thread holds it. */
  isParked(fd: number): boolean {
    return Atomics.load(this.#rows, fd * ROW_WORDS + Row.Claim) === PARKED;
  }

  /** What the connection of `fd` is doing while a thread holds it. */
  held(fd: number): Doing {
    return this.#rows[fd * ROW_WORDS + Row.Held];
  }

  /** Sets what {@linkcode held} returns: `Doing.Working`, unless its thread keeps it and waits. */
  setHeld(fd: number, doing: Doing): void {
    this.#rows[fd * ROW_WORDS + Row.Held] = doing;
  }

  conn(fd: number): number {
    return this.#rows[fd * ROW_WORDS + Row.Conn] >>> 0;
  }

  generation(fd: number): number {
    return this.#rows[fd * ROW_WORDS + Row.Generation];
  }

  /** What the driver has saved. */
  driver(fd: number): number {
    return this.#rows[fd * ROW_WORDS + Row.Driver];
  }

  setDriver(fd: number, saved: number): void {
    this.#rows[fd * ROW_WORDS + Row.Driver] = saved;
  }

  /** The peer's address. */
  peer(fd: number): string {
    const at = fd * PEER_BYTES;
    const length = this.#peers[at];
    return String.fromCharCode(...this.#peers.subarray(at + 1, at + 1 + length));
  }

  #raiseHighest(fd: number): void {
    let highest = this.highest;
    while (highest < fd) {
      const seen = Atomics.compareExchange(this.#highest, 0, highest, fd);
      if (seen === highest) return;
      highest = seen;
    }
  }

  #writePeer(fd: number, peer: string): void {
    const at = fd * PEER_BYTES;
    const length = Math.min(peer.length, PEER_BYTES - 1);
    this.#peers[at] = length;
    for (let i = 0; i < length; ++i) this.#peers[at + 1 + i] = peer.charCodeAt(i);
  }
}
