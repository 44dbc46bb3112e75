/** Cuts: where one part of some bytes ends and the next begins. Ascending offsets, each once. */
export type Cuts = readonly number[];

/** `cuts` with one added at `at`, or without the one that is there. */
export function toggleCut(cuts: Cuts, at: number): Cuts {
  if (cuts.includes(at)) return cuts.filter((cut) => cut !== at);
  return [...cuts, at].sort((a, b) => a - b);
}

/** Those of `cuts` that lie within `length` bytes. */
export function cutsWithin(cuts: Cuts, length: number): Cuts {
  return cuts.filter((cut) => cut > 0 && cut < length);
}

/** A cut after each of `length` bytes but the last. */
export function everyCut(length: number): Cuts {
  return Array.from({ length: Math.max(0, length - 1) }, (_, i) => i + 1);
}

/** The parts of `bytes`; no part is empty, unless there are no bytes. */
export function partsOf(bytes: Uint8Array<ArrayBuffer>, cuts: Cuts): Uint8Array<ArrayBuffer>[] {
  const places = [0, ...cutsWithin(cuts, bytes.length), bytes.length];
  return places.slice(1).map((end, i) => bytes.subarray(places[i], end));
}
