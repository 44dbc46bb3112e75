/**
 * Histograms as text, for logs and JSON documents: what the tools of HdrHistogram in other languages
 * read and write. A module of its own, as threads that only record need no zlib.
 *
 *     compressed = cookie length deflated  ; as base64; deflated is a whole encoding
 */
import { messageOf } from "../../system/message_of.ts";
import { deflateSync, inflateSync } from "node:zlib";
import { assertEncoding, buckets } from "./hdr_encoding.ts";
import { LatencyHistogram } from "./histogram.ts";

const COOKIE = 0x1c849314;

/** No histogram of 64-bit values is longer: 54 times 1024 buckets, each with a count of 9 bytes. */
const MAX_ENCODING_BYTES = 1 << 19;

/**
 * The samples of `histogram` in the standard encoding of HdrHistogram: V2, compressed, as base64.
 * Values are hundredths of a microsecond.
 */
export function compressed(histogram: LatencyHistogram): string {
  return compress(histogram.encodeCounts());
}

/**
 * The histogram that {@linkcode compressed} wrote to `text`.
 *
 * @param extremes the smallest and the largest sample in microseconds, which the encoding knows to its
 *   resolution only; default: the ends of their buckets
 * @throws {SyntaxError} when `text` is none, or holds no such samples
 */
export function fromCompressed(
  text: string,
  extremes?: { minUs: number; maxUs: number },
): LatencyHistogram {
  return LatencyHistogram.ofBuckets([...buckets(decompress(text))], extremes);
}

/** Compresses `encoding` to the base64 text of logs and JSON documents. */
export function compress(encoding: Uint8Array): string {
  const deflated = deflateSync(encoding);
  const bytes = new Uint8Array(8 + deflated.length);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, COOKIE);
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
    if (view.getInt32(0) !== COOKIE) throw new SyntaxError("another cookie");
    const deflated = bytes.subarray(8, 8 + view.getInt32(4));
    // A few bytes may claim to be gigabytes.
    const encoding = new Uint8Array(inflateSync(deflated, { maxOutputLength: MAX_ENCODING_BYTES }));
    assertEncoding(encoding);
    return encoding;
  } catch (error) {
    const reason = messageOf(error);
    throw new SyntaxError(`Not a compressed HdrHistogram (V2) of three digits: ${reason}`);
  }
}
