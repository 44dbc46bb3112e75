/** Format and order of a listing: what the request asks for, and sorting without stalls. Pure. */
import { type Entry, type EntryPack, PackedEntries, StringPack } from "./entry_pack.ts";
import { wantsJson } from "./negotiate.ts";

/** How a listing is written. */
export type ListingFormat = "html" | "json";
/** What a listing can be sorted by. */
export type SortKey = "name" | "size" | "date";
/** The order of a listing; directories come first in any order. */
export interface ListingSort {
  key: SortKey;
  descending: boolean;
}

/** JSON for `?format=json` or an Accept that prefers it. */
export function listingFormat(
  accept: string | undefined,
  parameters: URLSearchParams,
): ListingFormat {
  return wantsJson(accept, parameters.get("format")) ? "json" : "html";
}

/** `?sort=name|size|date` and `?order=asc|desc`; anything else means by name, ascending. */
export function listingSort(parameters: URLSearchParams): ListingSort {
  const key = parameters.get("sort");
  return {
    key: key === "size" || key === "date" ? key : "name",
    descending: parameters.get("order") === "desc",
  };
}

/**
 * Entries in ascending order. It holds only an index for each entry, so that all orders of a
 * directory share the entries, and any number of readers share an order.
 */
export class SortedEntries {
  readonly #entries: PackedEntries;
  readonly #places: Uint32Array;
  /** How many of the first places are directories. */
  readonly #directories: number;

  constructor(entries: PackedEntries, places: Uint32Array, directories: number) {
    this.#entries = entries;
    this.#places = places;
    this.#directories = directories;
  }

  /** Yields the entries one by one: directories first, each group ascending or descending. */
  *inOrder({ descending }: { descending: boolean }): Generator<Entry, undefined> {
    const directories = this.#directories;
    const { length } = this.#places;
    for (let n = 0; n < length; ++n) {
      const [first, end] = n < directories ? [0, directories] : [directories, length];
      const place = descending ? first + end - 1 - n : n;
      yield this.#entries.at(this.#places[place]);
    }
  }
}

/** An entry, its index among all, and its precomputed sort key by name. */
interface Keyed {
  entry: Entry;
  place: number;
  order: string;
}

/** A sorted pack. */
interface Run {
  places: Uint32Array;
  orders: StringPack;
}

/** The first entry of a run that is not merged yet. */
interface Head extends Keyed {
  run: Run;
  index: number;
}

type Comparison = (a: Keyed, b: Keyed) => number;

/** Entries merged in a step: about as much work as sorting a pack. */
const MERGED_AT_ONCE = 512;

/**
 * Sorts packed entries; each `yield` is a chance to let others run. The packs are sorted one at a time
 * and then merged: one call of `Array.sort` on 100,000 names would hold the event loop for 100 ms.
 */
export function* sortEntries(
  packs: readonly EntryPack[],
  key: SortKey,
): Generator<void, SortedEntries> {
  const entries = new PackedEntries(packs);
  const compare = comparison(key);
  const runs: Run[] = [];
  let directories = 0;
  let firstPlace = 0;
  for (const pack of packs) {
    const keyed = Array.from(
      pack,
      (entry, n) => ({ entry, place: firstPlace + n, order: nameOrder(entry.name) }),
    );
    for (const { entry } of keyed) if (entry.kind === "directory") ++directories;
    firstPlace += pack.length;
    keyed.sort(compare);
    runs.push({
      places: Uint32Array.from(keyed, ({ place }) => place),
      orders: new StringPack(keyed.map(({ order }) => order)),
    });
    yield;
  }
  const places = new Uint32Array(entries.length);
  let merged = 0;
  for (const { place } of merge(entries, runs, compare)) {
    places[merged++] = place;
    if (merged % MERGED_AT_ONCE === 0) yield;
  }
  return new SortedEntries(entries, places, directories);
}

function* merge(
  entries: PackedEntries,
  runs: readonly Run[],
  compare: Comparison,
): Generator<Keyed, undefined> {
  const headOf = (run: Run, index: number): Head | undefined => {
    if (index === run.places.length) return undefined;
    const place = run.places[index];
    return { entry: entries.at(place), place, order: run.orders.at(index), run, index };
  };
  // In descending order, so that the next head is popped off the end.
  const heads = runs.flatMap((run) => headOf(run, 0) ?? []).sort((a, b) => compare(b, a));
  for (let next = heads.pop(); next !== undefined; next = heads.pop()) {
    yield next;
    const follower = headOf(next.run, next.index + 1);
    if (follower !== undefined) heads.splice(placeOf(follower, heads, compare), 0, follower);
  }
}

/** Where `head` belongs among `heads`, which are in descending order. */
function placeOf(head: Head, heads: readonly Head[], compare: Comparison): number {
  let low = 0;
  let high = heads.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(heads[middle], head) > 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function comparison(key: SortKey): Comparison {
  const byName = (a: Keyed, b: Keyed) => a.order < b.order ? -1 : a.order > b.order ? 1 : 0;
  const byKey = {
    name: () => 0,
    size: (a: Keyed, b: Keyed) => a.entry.size - b.entry.size,
    date: (a: Keyed, b: Keyed) => a.entry.mtimeMs - b.entry.mtimeMs,
  }[key];
  return (a, b) => {
    if (a.entry.kind !== b.entry.kind) return a.entry.kind === "directory" ? -1 : 1;
    return byKey(a, b) || byName(a, b);
  };
}

/**
 * A sort key whose code unit order is the order people expect: case is ignored, numbers go by
 * value. Each run of digits is preceded by its length, so `file2` comes before `file10`; the name
 * itself breaks ties.
 */
function nameOrder(name: string): string {
  const folded = name.toLowerCase().replace(/\d+/g, (digits) => {
    const significant = digits.replace(/^0+(?=.)/, "");
    // "0" + length keeps a number among the digits, where it was.
    return "0" + String.fromCharCode(0x100 + significant.length) + significant;
  });
  return `${folded}\0${name}`;
}
