/**
 * The connections that several threads serve, by descriptor: who has which, and what a thread needs
 * to go on with one.
 *
 * A row has a claim word. A connection that waits for its socket is *parked*, and belongs to nobody.
 * Whoever is told of an event claims it by compare-and-swap, deals with the event, and parks it again.
 * The thread that keeps the deadlines claims it in the same way. So exactly one of them has it.
 *
 * Who is told of an event on a connection that another thread has leaves the event on the claim
 * word, and the other one finds it when it parks the connection. So no event is lost, and none has
 * to be asked for again:
 *
 *   FREE ──open──> held by A ──park──> PARKED ──offer──> held by B
 *                   │    ^                                │ offer
 *                   │    └──────park: goes on with it── held by B, with events
 *                   └──close──> FREE
 *
 * A descriptor may be closed, and its number used again, between an event and whoever deals with it.
 * An event therefore means "try", and a try on the wrong connection finds nothing to do.
 */
import { SAVED_WORDS } from "../../../connection.ts";
import { Doing } from "../../../connection_list.ts";
import { NEVER } from "../../../deadlines.ts";

/** Words of a row: 64 bytes, a line of the caches. */
const ROW_WORDS = 16;

/** The words. */
const enum Row {
  Claim = 0,
  /** Tells a connection from the descriptor's next one. */
  Generation = 1,
  /** The block's address. */
  Conn = 2,
  /** What the driver has saved. */
  Driver = 3,
  /** What the connection has saved. */
  Connection = 4,
  /** What it does while the thread that has it waits: a `Doing`. */
  Held = 15,
}

/** The claim of a descriptor without a connection, and of a connection that nobody has. */
const FREE = 0;
const PARKED = 1;

/** Thread `i` claims with this and `i`. */
const FIRST_HOLDER = 2;

/** The lower half of a claim is its holder, the upper one has events. */
const EVENTS_SHIFT = 16;
const HOLDER_BITS = (1 << EVENTS_SHIFT) - 1;

/** Threads at the most. */
export const MAX_HOLDERS = HOLDER_BITS - FIRST_HOLDER;

/** Bytes for the text of a peer's address: its length, then its characters. */
const PEER_BYTES = 64;

/** What became of an event. */
export const enum Offer {
  /** The caller has the connection now. */
  Claimed,
  /** The caller has had it before. */
  Own,
  /** Another thread has it and will find the event, or there is no connection. */
  Left,
}

/** The memory of a table: plain data, which is sent to threads. */
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

  /** Memory for descriptors below `capacity`; what is never used takes next to none. */
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

  /** Where in `words` that of `fd` begins. */
  savedAt(fd: number): number {
    return fd * ROW_WORDS + Row.Connection;
  }

  /** The highest descriptor that was ever used. */
  get highest(): number {
    return Atomics.load(this.#highest, 0);
  }

  /** A row for a new connection, which the caller has. */
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

  /** The connection of `fd`, which the caller has, is over. */
  close(fd: number): void {
    this.deadlines[fd] = NEVER;
    Atomics.store(this.#rows, fd * ROW_WORDS + Row.Claim, FREE);
  }

  /** Claims the connection of `fd` if it is parked. @returns whether the caller has it now */
  claim(fd: number): boolean {
    const at = fd * ROW_WORDS + Row.Claim;
    return Atomics.compareExchange(this.#rows, at, PARKED, this.#holder) === PARKED;
  }

  /** `events`, bits other than 0, have happened on `fd`. */
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
   * Parks the connection of `fd`, which the caller has and has saved.
   *
   * @returns 0; or the events that have happened meanwhile, and then the caller still has it
   */
  park(fd: number): number {
    const at = fd * ROW_WORDS + Row.Claim;
    const holder = this.#holder;
    if (Atomics.compareExchange(this.#rows, at, holder, PARKED) === holder) return 0;
    return Atomics.and(this.#rows, at, HOLDER_BITS) >>> EVENTS_SHIFT;
  }

  /** Parks it in any case: the caller sees to it that events are reported again. */
  leave(fd: number): void {
    Atomics.store(this.#rows, fd * ROW_WORDS + Row.Claim, PARKED);
  }

  /** Takes over the connection of `fd` from the thread `index`, which is gone, if it had it. */
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

  /** Whether the connection of `fd` waits for its socket, and nobody has it. */
  isParked(fd: number): boolean {
    return Atomics.load(this.#rows, fd * ROW_WORDS + Row.Claim) === PARKED;
  }

  /** What the connection of `fd` does that a thread has. */
  held(fd: number): Doing {
    return this.#rows[fd * ROW_WORDS + Row.Held];
  }

  /** `Doing.Working` unless its thread keeps it, and waits. */
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
