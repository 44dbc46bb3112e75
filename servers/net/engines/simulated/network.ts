/**
 * A network of byte streams between ends. Bytes arrive in order, after a delay, in pieces of any
 * size; a window bounds the bytes in flight or unread. Ends behave like TCP sockets:
 *
 * - A FIN arrives after all bytes.
 * - Closing with unread input, and bytes that arrive at a closed end, reset the connection. A reset
 *   discards input that has arrived but was not read, which is the worst that a kernel may do.
 */
import type { SimulatedClock } from "./clock.ts";
import type { Random } from "./random.ts";

/** How a connection's network behaves. Times in microseconds. */
export interface NetworkTraits {
  /** Each piece takes from `leastDelayUs` to `mostDelayUs`; pieces are never reordered. */
  leastDelayUs: number;
  mostDelayUs: number;
  /** The longest piece. */
  pieceBytes: number;
  /** Most bytes in flight or unread, in one direction. */
  windowBytes: number;
}

/** Events at an end. Each may be spurious. */
export interface EndEvents {
  /** There is input, a FIN or a reset. */
  readable(): void;
  /** There is room to send again. */
  writable(): void;
}

/** The connection was reset. */
export const RESET = -1;
/** Nothing can be done now. */
export const AGAIN = -2;

const SILENT: EndEvents = { readable() {}, writable() {} };

/** One end of a connection. */
export class End {
  events: EndEvents = SILENT;
  other!: End;
  /** Whether the connection was reset, by either end. */
  isReset = false;
  isClosed = false;
  readonly #clock: SimulatedClock;
  readonly #random: Random;
  readonly #traits: NetworkTraits;
  /** Input that has arrived but was not read. */
  readonly #input: Uint8Array[] = [];
  #inputBytes = 0;
  #hasFin = false;
  #hasSentFin = false;
  /** Bytes sent that the other end has not read. */
  #outstanding = 0;
  /** When the last piece sent arrives. */
  #arrivalUs = 0;

  private constructor(clock: SimulatedClock, random: Random, traits: NetworkTraits) {
    this.#clock = clock;
    this.#random = random;
    this.#traits = traits;
  }

  /** Two ends of one connection. */
  static pair(clock: SimulatedClock, random: Random, traits: NetworkTraits): [End, End] {
    const ends: [End, End] = [
      new End(clock, random, traits),
      new End(clock, random, traits),
    ];
    [ends[0].other, ends[1].other] = [ends[1], ends[0]];
    return ends;
  }

  /** Whether `read` would return anything but `AGAIN`. */
  get isReadable(): boolean {
    return this.#inputBytes > 0 || this.#hasFin || this.isReset;
  }

  /** Whether the other end's FIN has arrived, possibly after bytes that were not read. */
  get hasFin(): boolean {
    return this.#hasFin;
  }

  /** Bytes that `read` could return. */
  get readableBytes(): number {
    return this.#inputBytes;
  }

  /** Bytes that were written but not yet read by the other end. */
  get unread(): number {
    return this.#outstanding;
  }

  /** Bytes that `write` would take. */
  get room(): number {
    return Math.max(0, this.#traits.windowBytes - this.#outstanding);
  }

  /** Reads into `target`. @returns how many bytes; 0: FIN; `AGAIN`, `RESET` */
  read(target: Uint8Array): number {
    if (this.isReset) return RESET;
    if (this.#inputBytes === 0) return this.#hasFin ? 0 : AGAIN;
    let count = 0;
    while (count < target.length && this.#input.length > 0) {
      const piece = this.#input[0];
      const part = piece.subarray(0, target.length - count);
      target.set(part, count);
      count += part.length;
      if (part.length === piece.length) this.#input.shift();
      else this.#input[0] = piece.subarray(part.length);
    }
    this.#inputBytes -= count;
    const { other } = this;
    const wasFull = other.room === 0;
    other.#outstanding -= count;
    if (wasFull) this.#later(() => other.events.writable());
    return count;
  }

  /** Sends a copy of `bytes`. @returns how many bytes were taken; `AGAIN`, `RESET` */
  write(bytes: Uint8Array): number {
    if (this.isReset || this.isClosed || this.#hasSentFin) return RESET;
    const count = Math.min(bytes.length, this.room);
    if (count === 0) return AGAIN;
    this.#outstanding += count;
    for (let at = 0; at < count;) {
      const length = this.#random.between(1, Math.min(count - at, this.#traits.pieceBytes));
      const piece = bytes.slice(at, at + length);
      this.#later(() => this.other.#arrived(piece));
      at += length;
    }
    return count;
  }

  /** Sends a FIN after what was written. */
  finish(): void {
    if (this.#hasSentFin || this.isReset || this.isClosed) return;
    this.#hasSentFin = true;
    this.#later(() => this.other.#finished());
  }

  /**
   * Closes this end: with a FIN after what was written if all input was read, else with a reset.
   */
  close(): void {
    if (this.isClosed) return;
    if (this.#inputBytes > 0) return this.reset();
    this.finish();
    this.isClosed = true;
  }

  /** Ends the connection at once. */
  reset(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#sendReset();
  }

  #sendReset(): void {
    if (this.isReset) return;
    this.isReset = true;
    this.#later(() => this.other.#wasReset());
  }

  #arrived(piece: Uint8Array): void {
    if (this.isClosed) return this.#sendReset();
    if (this.isReset) return;
    this.#input.push(piece);
    this.#inputBytes += piece.length;
    this.events.readable();
  }

  #finished(): void {
    if (this.isReset) return;
    this.#hasFin = true;
    if (!this.isClosed) this.events.readable();
  }

  #wasReset(): void {
    if (this.isReset) return;
    this.isReset = true;
    this.#input.length = this.#inputBytes = 0;
    if (this.isClosed) return;
    this.events.readable();
    this.events.writable();
  }

  /** Does `action` at the other end after what was sent before has arrived. */
  #later(action: () => void): void {
    const { leastDelayUs, mostDelayUs } = this.#traits;
    const { nowUs } = this.#clock;
    const delayUs = this.#random.between(leastDelayUs, mostDelayUs);
    this.#arrivalUs = Math.max(this.#arrivalUs, nowUs + delayUs);
    this.#clock.in(this.#arrivalUs - nowUs, action);
  }
}
