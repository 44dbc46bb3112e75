/**
 * The standard encoding of HdrHistogram (V2) before it is compressed: what threads send each other.
 *
 *     encoding = cookie length offset digits lowest highest ratio counts
 *     counts   = *zigzag-LEB128            ; -n: n buckets are empty
 */
import { type Bucket, rangeOf } from "./buckets.ts";

/** `V2EncodingCookieBase`, with words of variable length. */
const COOKIE = 0x1c849313;

/** Offsets in the head of an encoding. */
const enum Place {
  Cookie = 0,
  PayloadLength = 4,
  /** 0, unless the histogram was shifted. */
  IndexOffset = 8,
  Digits = 12,
  /** The smallest value that can be distinguished from 0. */
  Lowest = 16,
  /** The largest value in range. */
  Highest = 24,
  /** 1 for histograms of integers. */
  Ratio = 32,
  Payload = 40,
}

const DIGITS = 3;

/** Bytes of a count at the most: of 53 bits and one for the sign, seven in each. */
const MAX_COUNT_BYTES = 8;

/**
 * Encodes the numbers of samples of the first buckets, in the order of the buckets.
 *
 * @param highest the largest value that any histogram of its kind may hold: the same samples are
 *   encoded alike then, however many `counts` there are behind the last one that is not 0
 */
export function encodeCounts(counts: Float64Array, highest: number): Uint8Array<ArrayBuffer> {
  let end = counts.length;
  while (end > 0 && counts[end - 1] === 0) end--;
  const filled = counts.subarray(0, end).reduce((sum, count) => sum + Number(count > 0), 0);
  const bytes = new Uint8Array(Place.Payload + 2 * filled * MAX_COUNT_BYTES);
  let at: number = Place.Payload;
  const put = (zigzag: number) => {
    for (; zigzag >= 128; zigzag = Math.floor(zigzag / 128)) bytes[at++] = 128 + zigzag % 128;
    bytes[at++] = zigzag;
  };
  for (let index = 0; index < end; index++) {
    const first = index;
    while (counts[index] === 0) index++;
    if (index > first) put(2 * (index - first) - 1);
    put(2 * counts[index]);
  }
  const head = new DataView(bytes.buffer);
  head.setInt32(Place.Cookie, COOKIE);
  head.setInt32(Place.PayloadLength, at - Place.Payload);
  head.setInt32(Place.Digits, DIGITS);
  head.setBigInt64(Place.Lowest, 1n);
  head.setBigInt64(Place.Highest, BigInt(highest));
  head.setFloat64(Place.Ratio, 1);
  return bytes.slice(0, at);
}

/** @throws {SyntaxError} when `encoding` is none of a histogram of three digits, or is cut short */
export function assertEncoding(encoding: Uint8Array): void {
  const head = new DataView(encoding.buffer, encoding.byteOffset, encoding.length);
  if (
    head.getInt32(Place.Cookie) !== COOKIE || head.getInt32(Place.Digits) !== DIGITS ||
    head.getBigInt64(Place.Lowest) !== 1n
  ) throw new SyntaxError("another kind of histogram");
  if (Place.Payload + head.getInt32(Place.PayloadLength) > encoding.length) {
    throw new SyntaxError("its end is missing");
  }
}

/** The buckets of `encoding` that are not empty, in ascending order. */
export function* buckets(encoding: Uint8Array): Generator<Bucket> {
  const head = new DataView(encoding.buffer, encoding.byteOffset);
  const end = Place.Payload + head.getInt32(Place.PayloadLength);
  let at: number = Place.Payload;
  let index = 0;
  while (at < end) {
    // Each byte has seven bits, the lowest first; the top bit says that another byte follows.
    let zigzag = 0;
    let scale = 1;
    let byte: number;
    do {
      byte = encoding[at++];
      zigzag += (byte & 0x7f) * scale;
      scale *= 128;
    } while (byte & 0x80);
    if (zigzag % 2 === 1) {
      index += (zigzag + 1) / 2;
      continue;
    }
    if (zigzag > 0) yield { ...rangeOf(index), count: zigzag / 2 };
    index++;
  }
}
