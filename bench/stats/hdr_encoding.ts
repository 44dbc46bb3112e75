/**
 * The standard encoding of HdrHistogram (V2): what its tools in other languages read and write.
 *
 *     encoding   = cookie length offset digits lowest highest ratio counts
 *     counts     = *zigzag-LEB128          ; below 0: so many buckets are empty
 *     compressed = cookie length deflated  ; in a log and in JSON as base64
 */
import { deflateSync, inflateSync } from "node:zlib";

/** `V2EncodingCookieBase`, with words of variable length. */
const COOKIE = 0x1c849313;
const COMPRESSED_COOKIE = 0x1c849314;

/** Places in the head of an encoding. */
const enum Place {
  Cookie = 0,
  PayloadLength = 4,
  /** Nought, unless a histogram was shifted. */
  IndexOffset = 8,
  Digits = 12,
  /** The smallest value that is told from 0. */
  Lowest = 16,
  /** The largest value that there is room for. */
  Highest = 24,
  /** One, for histograms of integers. */
  Ratio = 32,
  Payload = 40,
}

/** A histogram of three digits has so many buckets before their width doubles. */
const SUB_BUCKETS_LOG2 = 11;
const HALF = 2 ** (SUB_BUCKETS_LOG2 - 1);

/** No histogram of 64-bit values is longer: 54 times `HALF` buckets, each with a count of 9 bytes. */
const MAX_ENCODING_BYTES = 1 << 19;

/** A bucket that is not empty: values from `low` to `high`, both included. */
export interface Bucket {
  low: number;
  high: number;
  count: number;
}

/**
 * Compresses `encoding` to the base64 text of logs and JSON documents.
 *
 * @param highest the largest value that any histogram of its kind may hold: texts of the same
 *   samples are the same then, however far the range of a histogram has grown
 */
export function compress(encoding: Uint8Array, highest: number): string {
  const standard = encoding.slice();
  const head = new DataView(standard.buffer);
  // hdr-histogram-js writes other numbers there, and ignores them; other readers do not.
  head.setInt32(Place.IndexOffset, 0);
  head.setFloat64(Place.Ratio, 1);
  head.setBigInt64(Place.Highest, BigInt(highest));
  const deflated = deflateSync(standard);
  const bytes = new Uint8Array(8 + deflated.length);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, COMPRESSED_COOKIE);
  view.setInt32(4, deflated.length);
  bytes.set(deflated, 8);
  return bytes.toBase64();
}

/**
 * The encoding that {@linkcode compress} made `text` of.
 *
 * @throws {SyntaxError} when `text` is none
 */
export function decompress(text: string): Uint8Array<ArrayBuffer> {
  try {
    const bytes = Uint8Array.fromBase64(text);
    const view = new DataView(bytes.buffer);
    if (view.getInt32(0) !== COMPRESSED_COOKIE) throw new SyntaxError("another cookie");
    const deflated = bytes.subarray(8, 8 + view.getInt32(4));
    // A few bytes may claim to be gigabytes.
    const encoding = new Uint8Array(inflateSync(deflated, { maxOutputLength: MAX_ENCODING_BYTES }));
    const head = new DataView(encoding.buffer);
    if (
      head.getInt32(Place.Cookie) !== COOKIE || head.getInt32(Place.Digits) !== 3 ||
      head.getBigInt64(Place.Lowest) !== 1n
    ) throw new SyntaxError("another kind of histogram");
    if (Place.Payload + head.getInt32(Place.PayloadLength) > encoding.length) {
      throw new SyntaxError("its end is missing");
    }
    return encoding;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SyntaxError(`Not a compressed HdrHistogram (V2) of three digits: ${reason}`);
  }
}

/** The buckets of `encoding` that are not empty, in ascending order. */
export function* buckets(encoding: Uint8Array): Generator<Bucket> {
  const head = new DataView(encoding.buffer, encoding.byteOffset);
  const end = Place.Payload + head.getInt32(Place.PayloadLength);
  let at: number = Place.Payload;
  let index = 0;
  while (at < end) {
    // A byte has seven bits, the lowest first, as long as its top bit is set.
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

/** The values of bucket number `index`. */
function rangeOf(index: number): { low: number; high: number } {
  if (index < 2 * HALF) return { low: index, high: index };
  const width = 2 ** (Math.floor(index / HALF) - 1);
  const low = (index % HALF + HALF) * width;
  return { low, high: low + width - 1 };
}
