/**
 * Sizes: the limits of a request, the blocks that follow from them, and the size of the memory.
 */
import { Conn, Place } from "./shared/abi.ts";

/** Bounds of a request, in bytes unless noted. `Place` in `shared/abi.ts` says what each one counts. */
export interface Limits {
  /** The request line, without its end. */
  maxRequestLine: number;
  /** All field lines together. */
  maxHeaderSize: number;
  /** Field lines. */
  maxHeaders: number;
  /** May be `Infinity`. */
  maxBody: number;
}

/** The default limits. */
export const DEFAULT_LIMITS: Limits = {
  maxRequestLine: 8192,
  maxHeaderSize: 16384,
  maxHeaders: 100,
  maxBody: 1 << 20,
};

/** The size of a core's memory. */
export interface CoreOptions {
  /** Blocks: one per connection, and those for output. */
  blocks: number;
  /** How many of them may hold output; the others are left to connections. Default: all. */
  outputBlocks?: number;
  /** Bytes that a block must be able to receive; default: as many as the limits need. */
  inputBytes?: number;
  /** Bounds of a request; default: {@linkcode DEFAULT_LIMITS}. */
  limits?: Limits;
  /** Bytes for responses that are kept for plain requests; default 0. */
  cacheBytes?: number;
  /** Bytes after the blocks that the core does not use; see `CoreMemory.reservedStart`. */
  reservedBytes?: number;
}

/** Bytes of a page of Wasm memory. */
export const PAGE_BYTES = 65536;
/** Room for one canned response; there are four. */
export const CANNED_BYTES = 16384;
/** Memory ends below 4 GiB, so that an address never wraps. */
export const MAX_PAGES = 65535;

/** Where the blocks start: after the kept responses, aligned to a page of the kernel. */
export function blocksStart({ cacheBytes = 0 }: Pick<CoreOptions, "cacheBytes">): number {
  return Place.Blocks + Math.ceil(cacheBytes / 4096) * 4096;
}

/**
 * Bytes of one block: record, field table, input, slack and final message, in whole pages of the
 * kernel.
 */
export function blockBytesFor(options: Omit<CoreOptions, "blocks">): number {
  const { maxRequestLine, maxHeaderSize, maxHeaders } = options.limits ?? DEFAULT_LIMITS;
  // A head stays while its content is read, and the chunk line after it may be as large as a header
  // section.
  const forLimits = maxRequestLine + 2 * maxHeaderSize + 4096;
  const input = Math.max(options.inputBytes ?? 0, forLimits);
  const around = Conn.Fields + maxHeaders * 8 + 16 + Place.Slack + Place.FinalMessage;
  return Math.ceil((around + input) / 4096) * 4096;
}

/**
 * Entries of the field table are u16 offsets from the head's first byte.
 *
 * @throws {RangeError} when the limits allow a head of more than 64 KiB
 */
export function assertOffsetsFit({ maxRequestLine, maxHeaderSize }: Limits): void {
  const most = 0xffff - 1; // with the CRLF of the request line, 64 KiB
  if (maxRequestLine + maxHeaderSize <= most) return;
  throw new RangeError(
    `A request line of ${maxRequestLine} and a header of ${maxHeaderSize} bytes exceed ${most}`,
  );
}

/** How many blocks of `options`' size fit into a Wasm memory. */
export function maxBlocks(options: Omit<CoreOptions, "blocks">): number {
  const bytes = MAX_PAGES * PAGE_BYTES - blocksStart(options) - (options.reservedBytes ?? 0);
  return Math.floor(bytes / blockBytesFor(options));
}
