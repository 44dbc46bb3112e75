/** Format and order of a listing: what the request asks for, and sorting without stalls. Pure. */
import { type Entry, EntryPack, StringPack } from "./entry_pack.ts";
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

/** An entry with its precomputed place in the order of names. */
interface Keyed {
  entry: Entry;
  order: string;
}

/** A pack in the order asked for. */
interface Run {
  entries: EntryPack;
  orders: StringPack;
}

/** The first entry of a run that is not merged yet. */
interface Head extends Keyed {
  run: Run;
  index: number;
}

type Comparison = (a: Keyed, b: Keyed) => number;

/**
 * Sorts packed entries; each `yield` is a chance to let others run. The packs are sorted here, one
 * at a time, and merged as the result is gone through: one call of `Array.sort` on 100,000 names
 * would hold the event loop for 100 ms.
 */
export function* sortEntries(
  packs: readonly EntryPack[],
  sort: ListingSort,
): Generator<void, Iterable<Entry>> {
  const compare = comparison(sort);
  const runs: Run[] = [];
  for (const pack of packs) {
    const keyed = Array.from(pack, (entry) => ({ entry, order: nameOrder(entry.name) }));
    keyed.sort(compare);
    runs.push({
      entries: new EntryPack(keyed.map(({ entry }) => entry)),
      orders: new StringPack(keyed.map(({ order }) => order)),
    });
    yield;
  }
  return merge(runs, compare);
}

function* merge(runs: readonly Run[], compare: Comparison): Generator<Entry> {
  // The last is the next, so that to take it moves nothing.
  const heads = runs.flatMap((run) => headOf(run, 0) ?? []).sort((a, b) => compare(b, a));
  for (let next = heads.pop(); next !== undefined; next = heads.pop()) {
    yield next.entry;
    const follower = headOf(next.run, next.index + 1);
    if (follower !== undefined) heads.splice(placeOf(follower, heads, compare), 0, follower);
  }
}

function headOf(run: Run, index: number): Head | undefined {
  if (index === run.entries.length) return undefined;
  return { entry: run.entries.at(index), order: run.orders.at(index), run, index };
}

/** Where `head` belongs among `heads`, of which the last comes first. */
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

function comparison({ key, descending }: ListingSort): Comparison {
  const sign = descending ? -1 : 1;
  const byName = (a: Keyed, b: Keyed) => a.order < b.order ? -1 : a.order > b.order ? 1 : 0;
  const byKey = {
    name: () => 0,
    size: (a: Keyed, b: Keyed) => a.entry.size - b.entry.size,
    date: (a: Keyed, b: Keyed) => a.entry.mtimeMs - b.entry.mtimeMs,
  }[key];
  return (a, b) => {
    if (a.entry.kind !== b.entry.kind) return a.entry.kind === "directory" ? -1 : 1;
    return sign * (byKey(a, b) || byName(a, b));
  };
}

/**
 * A string whose code unit order is the order people expect: case aside, numbers by value. Each run of
 * digits is led by its length, so `file2` comes before `file10`; the name itself decides ties.
 */
function nameOrder(name: string): string {
  const folded = name.toLowerCase().replace(/\d+/g, (digits) => {
    const significant = digits.replace(/^0+(?=.)/, "");
    // "0" + length keeps a number among the digits, where it was.
    return "0" + String.fromCharCode(0x100 + significant.length) + significant;
  });
  return `${folded}\0${name}`;
}
