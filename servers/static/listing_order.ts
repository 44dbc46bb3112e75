/** Format and order of a listing: what the request asks for, and sorting without stalls. Pure. */
import type { Entry } from "./files.ts";
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

/** An entry with its precomputed place in the order of names; lives as long as the sorting. */
interface Keyed {
  entry: Entry;
  order: string;
}

/** Items that are sorted, or merged, between two chances for other work: about a millisecond. */
const SLICE_ITEMS = 1024;

/**
 * Sorts entries in slices; each `yield` is a chance to let others run. A merge sort over runs that
 * `Array.sort` makes: one call of it on 100,000 names would hold the event loop for 100 ms.
 */
export function* sortEntries(
  entries: readonly Entry[],
  sort: ListingSort,
): Generator<void, Entry[]> {
  const compare = comparison(sort);
  let runs: Keyed[][] = [];
  for (let at = 0; at < entries.length; at += SLICE_ITEMS) {
    const run = entries.slice(at, at + SLICE_ITEMS)
      .map((entry) => ({ entry, order: nameOrder(entry.name) }));
    runs.push(run.sort(compare));
    yield;
  }
  while (runs.length > 1) {
    const merged: Keyed[][] = [];
    for (let at = 0; at < runs.length; at += 2) {
      merged.push(at + 1 < runs.length ? yield* merge(runs[at], runs[at + 1], compare) : runs[at]);
    }
    runs = merged;
  }
  return (runs[0] ?? []).map(({ entry }) => entry);
}

function* merge(
  left: Keyed[],
  right: Keyed[],
  compare: (a: Keyed, b: Keyed) => number,
): Generator<void, Keyed[]> {
  const merged: Keyed[] = [];
  let l = 0;
  let r = 0;
  while (l < left.length || r < right.length) {
    const takeLeft = r === right.length ||
      (l < left.length && compare(left[l], right[r]) <= 0);
    merged.push(takeLeft ? left[l++] : right[r++]);
    if (merged.length % SLICE_ITEMS === 0) yield;
  }
  return merged;
}

function comparison({ key, descending }: ListingSort): (a: Keyed, b: Keyed) => number {
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
