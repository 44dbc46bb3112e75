/**
 * Compression on the fly. zlib works on the runtime's thread pool, not on the event loop; its results
 * are kept by content, so one version of a file is compressed once per coding.
 */
import { promisify } from "node:util";
import zlib from "node:zlib";
import { Cache } from "./cache.ts";
import { contentTag } from "./etag.ts";
import type { Coding } from "./negotiate.ts";

/** A compressed copy with the tag of its own bytes. */
export interface Compressed {
  bytes: Uint8Array;
  tag: string;
}

type Encoder = (bytes: Uint8Array) => Promise<Uint8Array>;

/** Levels that a server can afford: near the knee of size against time. */
const ENCODERS: Record<Coding, Encoder> = {
  br: (bytes) =>
    promisify<Uint8Array, zlib.BrotliOptions, Uint8Array>(zlib.brotliCompress)(bytes, {
      params: {
        [zlib.constants.BROTLI_PARAM_QUALITY]: 5,
        [zlib.constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      },
    }),
  zstd: (bytes) => promisify<Uint8Array, Uint8Array>(zlib.zstdCompress)(bytes),
  gzip: (bytes) =>
    promisify<Uint8Array, zlib.ZlibOptions, Uint8Array>(zlib.gzip)(bytes, { level: 6 }),
};

/** Running at once; the thread pool also reads files. */
const MAX_RUNNING = 2;
/** Waiting for their turn; beyond it the caller is told to send the file as it is. */
const MAX_WAITING = 64;

/** Compresses bytes, at most {@linkcode MAX_RUNNING} at a time, and keeps the results. */
export class Compressor {
  readonly #done: Cache<Compressed>;
  readonly #underWay = new Map<string, Promise<Compressed>>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /** @param cacheBytes bounds the memory for results */
  constructor(cacheBytes: number) {
    this.#done = new Cache(cacheBytes);
  }

  /**
   * A compressed copy of `bytes`.
   *
   * @param tag identifies the bytes (their strong entity tag)
   * @returns at once when it is kept; undefined when too many others wait already
   */
  compress(
    bytes: Uint8Array,
    options: { tag: string; coding: Coding },
  ): Compressed | Promise<Compressed> | undefined {
    const key = `${options.coding} ${options.tag}`;
    const known = this.#done.get(key) ?? this.#underWay.get(key);
    if (known) return known;
    if (this.#waiting.length >= MAX_WAITING) return undefined;
    const job = this.#run(bytes, ENCODERS[options.coding]).then((compressed) => {
      this.#done.set(key, compressed, { bytes: compressed.bytes.length });
      return compressed;
    }).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, job);
    return job;
  }

  async #run(bytes: Uint8Array, encode: Encoder): Promise<Compressed> {
    if (this.#running >= MAX_RUNNING) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve)); // inherits the turn
    } else this.#running++;
    try {
      const encoded = await encode(bytes);
      return { bytes: encoded, tag: contentTag(encoded) };
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }
}
