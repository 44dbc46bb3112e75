/**
 * Byte ranges, RFC 9110 §14. Pure.
 *
 *     ranges-specifier = range-unit "=" 1#range-spec
 *     range-spec       = first-pos "-" [ last-pos ] / "-" suffix-length
 *
 * `range-parser` is not used: it drops a suffix longer than the file, which §14.1.2 asks to answer
 * with the whole file, and keeps the rest of a set of which one range is invalid. Once both are
 * checked beforehand, there is nothing left for it to do.
 */

/** Inclusive byte positions within a representation. */
export interface ByteRange {
  first: number;
  last: number;
}

/** Send everything, send these ranges, or none of the requested ranges exists. */
export type RangeVerdict =
  | { kind: "whole" }
  | { kind: "ranges"; ranges: ByteRange[] }
  | { kind: "unsatisfiable" };

const RANGE_SPEC = /^(?:(\d+)-(\d*)|-(\d+))$/;

/**
 * Most ranges of a request; real clients ask for fewer. A longer set is ignored (§14.2 allows it):
 * each part costs a part head, so many tiny ranges are cheaper to request than to answer.
 */
const MAX_RANGES = 64;

/**
 * Reads a Range field for a representation of `size` bytes. Overlapping ranges are joined (§15.3.7.2),
 * so the answer is never longer than the representation and its part heads.
 *
 * @returns `whole` when the field is absent, malformed, of another unit or abusive
 */
export function parseRange(field: string | undefined, size: number): RangeVerdict {
  const whole: RangeVerdict = { kind: "whole" };
  if (field === undefined) return whole;
  const equals = field.indexOf("=");
  if (field.slice(0, equals).toLowerCase() !== "bytes") return whole;
  const specs = field.slice(equals + 1).split(",", 2 * MAX_RANGES + 1)
    .map((spec) => spec.trim()).filter((spec) => spec !== "");
  if (specs.length === 0 || specs.length > MAX_RANGES) return whole;

  const ranges: ByteRange[] = [];
  for (const spec of specs) {
    const match = RANGE_SPEC.exec(spec);
    if (!match) return whole;
    const [, firstText, lastText, suffixText] = match;
    if (suffixText !== undefined) {
      const suffix = Number(suffixText);
      // A suffix of an empty file is the whole file.
      if (suffix > 0 && size === 0) return whole;
      if (suffix > 0) ranges.push({ first: Math.max(0, size - suffix), last: size - 1 });
      continue;
    }
    const first = Number(firstText);
    const last = lastText === "" ? Infinity : Number(lastText);
    if (last < first) return whole;
    // An empty file: no Content-Range can express the empty range, so it is sent whole.
    if (first === 0 && size === 0) return whole;
    if (first < size) ranges.push({ first, last: Math.min(last, size - 1) });
  }
  if (ranges.length === 0) return { kind: "unsatisfiable" };
  return { kind: "ranges", ranges: joinOverlapping(ranges) };
}

/** Joins overlapping ranges; a joined range takes the place of the first of them. */
function joinOverlapping(ranges: ByteRange[]): ByteRange[] {
  const sorted = ranges.map((range, order) => ({ ...range, order })).sort((a, b) =>
    a.first - b.first
  );
  const joined = [sorted[0]];
  for (const range of sorted.slice(1)) {
    const current = joined[joined.length - 1];
    if (range.first > current.last) {
      joined.push(range);
      continue;
    }
    current.last = Math.max(current.last, range.last);
    current.order = Math.min(current.order, range.order);
  }
  return joined.sort((a, b) => a.order - b.order).map(({ first, last }) => ({ first, last }));
}

/** The value of Content-Range for a 206. */
export function contentRange(range: ByteRange, size: number): string {
  return `bytes ${range.first}-${range.last}/${size}`;
}
