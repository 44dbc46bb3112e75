/**
 * A record of events, in order: a digest of all of them, and the lines on demand. Two runs with
 * equal digests took the same course.
 */
import type { SimulatedClock } from "./clock.ts";

/** A record of a run. */
export class Trace {
  /** One line per event, if lines are kept. */
  readonly lines: string[] = [];
  /** Events so far. */
  events = 0;
  readonly #clock: SimulatedClock;
  readonly #keepsLines: boolean;
  #high = 0x243f6a88;
  #low = 0x85a308d3;

  constructor(clock: SimulatedClock, { keepsLines = false } = {}) {
    this.#clock = clock;
    this.#keepsLines = keepsLines;
  }

  /**
   * Records an event.
   *
   * @param id of the connection or item concerned
   * @param what a fixed word
   */
  note(id: number, what: string, value = 0): void {
    ++this.events;
    const { nowUs } = this.#clock;
    this.#mix(nowUs | 0);
    this.#mix(id);
    this.#mix(value | 0);
    this.#mix(what.length << 16 | what.charCodeAt(0) << 8 | what.charCodeAt(what.length - 1));
    if (!this.#keepsLines) return;
    const seconds = (nowUs / 1e6).toFixed(6).padStart(12);
    this.lines.push(`${seconds}  ${id.toString().padStart(4)}  ${what}${value ? ` ${value}` : ""}`);
  }

  /** Adds bytes to the digest only. */
  mixBytes(bytes: Uint8Array): void {
    let sum = 0;
    for (let i = 0; i < bytes.length; ++i) sum = Math.imul(sum, 31) + bytes[i] | 0;
    this.#mix(sum);
  }

  /** 16 hexadecimal digits. */
  get digest(): string {
    return hex(this.#high) + hex(this.#low);
  }

  #mix(word: number): void {
    this.#low = Math.imul(this.#low ^ word, 0x01000193);
    this.#high = Math.imul(this.#high ^ this.#low >>> 15 ^ word, 0x85ebca6b);
    this.#high ^= this.#high >>> 13;
  }
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}
