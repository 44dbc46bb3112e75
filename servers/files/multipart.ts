/**
 * Framing of multipart/byteranges, RFC 9110 §14.6 and RFC 2046 §5.1. Pure.
 *
 *     --BOUNDARY CRLF
 *     Content-Type: … CRLF
 *     Content-Range: bytes f-l/size CRLF CRLF
 *     …bytes…
 *     CRLF --BOUNDARY …            each further part
 *     CRLF --BOUNDARY-- CRLF
 */
import { nodeCrypto } from "../../system/node.ts";
import { type ByteRange, contentRange } from "./range.ts";

/** A piece to send: framing, or a range of the representation. */
export type MultipartPiece = { kind: "bytes"; bytes: Uint8Array } | {
  kind: "range";
  offset: number;
  length: number;
};

const encoder = new TextEncoder();

/** A framed body whose length is known before any byte is read. */
export interface Multipart {
  contentType: string;
  pieces: MultipartPiece[];
  /** Exact bytes of the whole body. */
  length: number;
}

/**
 * Frames `ranges` of a representation. The boundary is a digest of its tag and the ranges: the same
 * request gets the same bytes, and content will not contain the boundary by chance.
 */
export function frameRanges(
  ranges: readonly ByteRange[],
  options: { size: number; type: string; tag: string },
): Multipart {
  const seed = `${options.tag} ${JSON.stringify(ranges)}`;
  const boundary = nodeCrypto().createHash("sha256").update(seed).digest("hex").slice(0, 32);
  const pieces: MultipartPiece[] = [];
  let length = 0;
  const text = (value: string) => {
    const bytes = encoder.encode(value);
    pieces.push({ kind: "bytes", bytes });
    length += bytes.length;
  };
  ranges.forEach((range, index) => {
    text(
      `${index > 0 ? "\r\n" : ""}--${boundary}\r\nContent-Type: ${options.type}\r\n` +
        `Content-Range: ${contentRange(range, options.size)}\r\n\r\n`,
    );
    pieces.push({ kind: "range", offset: range.first, length: range.last - range.first + 1 });
    length += range.last - range.first + 1;
  });
  text(`\r\n--${boundary}--\r\n`);
  return { contentType: `multipart/byteranges; boundary=${boundary}`, pieces, length };
}
