/** The encoders. They block their thread until they are done. */
import zlib from "node:zlib";
import type { Compressed } from "../compress.ts";
import { contentTag } from "../content_tag.ts";
import type { Coding } from "../negotiate.ts";
import { sharedCopy } from "./shared_copy.ts";

/** Levels near the knee of the curve of size against time, which a server can afford. */
const ENCODERS: Record<Coding, (bytes: Uint8Array) => Uint8Array> = {
  br: (bytes) =>
    zlib.brotliCompressSync(bytes, {
      params: {
        [zlib.constants.BROTLI_PARAM_QUALITY]: 5,
        [zlib.constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      },
    }),
  zstd: (bytes) => zlib.zstdCompressSync(bytes),
  gzip: (bytes) => zlib.gzipSync(bytes, { level: 6 }),
};

/** Compresses `bytes`. The copy is in shared memory, so that threads pass it on without copying. */
export function encode(bytes: Uint8Array, coding: Coding): Compressed {
  const encoded = ENCODERS[coding](bytes);
  return { bytes: sharedCopy(encoded), tag: contentTag(encoded) };
}
