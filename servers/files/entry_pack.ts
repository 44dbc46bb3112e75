/**
 * Entries of a directory, packed. As objects, a hundred thousand entries that live while a listing
 * is read, sorted and sent would be moved and marked by the garbage collector, in pauses of 50 ms
 * and more. A pack holds a few strings and arrays of numbers instead. Pure.
 */

/** One name in a directory listing, whether or not it can be requested. */
export interface Entry {
  name: string;
  kind: "file" | "directory";
  /** Bytes; 0 for directories. */
  size: number;
  /** Milliseconds since 1970. */
  mtimeMs: number;
  /** False when no request target can name it: it is not UTF-8, or it contains a backslash. */
  linked: boolean;
}

/**
 * Entries in a pack: sorting them takes about a millisecond, or three before the code is optimized.
 */
export const PACK_ENTRIES = 512;

const DIRECTORY = 1;
const LINKED = 2;

/** Many strings stored as one. */
export class StringPack {
  readonly #text: string;
  /** Code units from the start of the text to the end of each string. */
  readonly #ends: Uint32Array;

  constructor(strings: readonly string[]) {
    this.#text = strings.join("");
    let end = 0;
    this.#ends = Uint32Array.from(strings, ({ length }) => end += length);
  }

  at(index: number): string {
    return this.#text.slice(index === 0 ? 0 : this.#ends[index - 1], this.#ends[index]);
  }
}

/** Entries stored as a few arrays, in the order given. */
export class EntryPack implements Iterable<Entry> {
  readonly length: number;
  readonly #names: StringPack;
  readonly #flags: Uint8Array;
  readonly #sizes: Float64Array;
  readonly #mtimesMs: Float64Array;

  /** @param entries at most {@linkcode PACK_ENTRIES} where sorting time matters */
  constructor(entries: readonly Entry[]) {
    this.length = entries.length;
    this.#names = new StringPack(entries.map(({ name }) => name));
    this.#flags = Uint8Array.from(
      entries,
      ({ kind, linked }) => (kind === "directory" ? DIRECTORY : 0) | (linked ? LINKED : 0),
    );
    this.#sizes = Float64Array.from(entries, ({ size }) => size);
    this.#mtimesMs = Float64Array.from(entries, ({ mtimeMs }) => mtimeMs);
  }

  /** A copy of the entry at `index`. */
  at(index: number): Entry {
    const flags = this.#flags[index];
    return {
      name: this.#names.at(index),
      kind: (flags & DIRECTORY) !== 0 ? "directory" : "file",
      size: this.#sizes[index],
      mtimeMs: this.#mtimesMs[index],
      linked: (flags & LINKED) !== 0,
    };
  }

  *[Symbol.iterator](): Generator<Entry, undefined> {
    for (let index = 0; index < this.length; ++index) yield this.at(index);
  }
}

/** The entries of several packs under one numbering, which starts at 0. */
export class PackedEntries {
  readonly length: number;
  readonly #packs: readonly EntryPack[];
  /** Entries in a pack; the last may have fewer. */
  readonly #packLength: number;

  /** @param packs of the same length, but for the last, which may be shorter */
  constructor(packs: readonly EntryPack[]) {
    this.#packs = packs;
    this.#packLength = packs[0]?.length ?? 0;
    this.length = packs.reduce((sum, { length }) => sum + length, 0);
  }

  /** A copy of the entry at `index`. */
  at(index: number): Entry {
    const pack = Math.floor(index / this.#packLength);
    return this.#packs[pack].at(index - pack * this.#packLength);
  }
}
