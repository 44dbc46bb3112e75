/**
 * Cuts bytes into pieces, for tests of parsers and servers: a result must not depend on where the
 * network cuts the stream.
 */

/** Ascending offsets at which a byte string is cut; empty means that it is sent whole. */
export type Cuts = readonly number[];

/**
 * Cuts bytes into pieces.
 *
 * @param bytes the bytes to cut; the pieces are views of them
 * @param cuts ascending offsets; those outside the string, and repeated ones, cut nothing
 * @returns the pieces in order, none of them empty
 */
export function pieces(bytes: Uint8Array, cuts: Cuts): Uint8Array[] {
  const ends = [...cuts.filter((cut) => cut > 0 && cut < bytes.length), bytes.length];
  const found: Uint8Array[] = [];
  let start = 0;
  for (const end of ends) {
    if (end > start) found.push(bytes.subarray(start, end));
    start = end;
  }
  return found;
}

/** The cuts that send a string of `length` bytes one byte at a time. */
export function everyByte(length: number): Cuts {
  return Array.from({ length: Math.max(0, length - 1) }, (_, i) => i + 1);
}

/**
 * The single cuts to try on a string of `length` bytes: all of them, or, of a long string, those near
 * both ends and an even sample between, so that the work stays linear in `most`.
 *
 * @param most the largest number of cuts to return (600)
 */
export function singleCuts(length: number, most = 600): number[] {
  const all = Math.max(0, length - 1);
  if (all <= most) return everyByte(length) as number[];
  const edge = Math.floor(most / 3);
  const chosen = new Set<number>();
  for (let i = 1; i <= edge; i++) chosen.add(i).add(length - i);
  const stride = (length - 2 * edge) / (most - 2 * edge);
  for (let i = 0; i < most - 2 * edge; i++) chosen.add(edge + Math.floor(i * stride) + 1);
  return [...chosen].filter((cut) => cut > 0 && cut < length).sort((a, b) => a - b);
}

/**
 * Every way a test feeds a string: whole, byte by byte, and cut once at each point.
 *
 * @param most the largest number of single cuts (600)
 */
export function* everySplit(length: number, most = 600): Generator<Cuts> {
  yield [];
  if (length > 2) yield everyByte(length);
  for (const cut of singleCuts(length, most)) yield [cut];
}
