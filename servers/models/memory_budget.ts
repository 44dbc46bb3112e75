/**
 * How the memory of `--cache` is split: all its shares are computed here. Pure.
 *
 * Each cache is given its share in bytes. The shares of all threads add up to the whole, except for
 * what is lost to rounding.
 */
import { DEFAULT_CACHE_BYTES } from "../files/options.ts";
import { compresses, type ServiceOptions } from "./options.ts";
import { type Model, sharesMemory } from "./model.ts";

/** What a thread that answers requests may keep, in bytes. */
export interface ThreadMemory {
  /** For responses that the core keeps, heads included, and sends by itself. */
  keptBytes: number;
  /** For files. */
  filesBytes: number;
  /** For answers that are repeated without planning; most of their content is that of files. */
  memoBytes: number;
  /** For compressed copies, besides those of the thread that has the compressors. */
  copiesBytes: number;
}

/** `--cache` and its shares, in bytes. */
export interface MemoryBudget {
  totalBytes: number;
  /** What each thread that answers requests may keep. */
  thread: ThreadMemory;
  /** For compressed copies on the thread that has the compressors, which serves all others. */
  ownerCopiesBytes: number;
}

/** The memory of a thread that keeps nothing. */
export const NO_MEMORY: ThreadMemory = {
  keptBytes: 0,
  filesBytes: 0,
  memoBytes: 0,
  copiesBytes: 0,
};

/** Share for compressed copies, which are much smaller than their files. */
const COPIES_SHARE = 1 / 16;

/** Share of a thread's memory for responses that the core keeps. */
const KEPT_SHARE = 1 / 2;

/** Share of the rest for the memo of answers; what remains is for files. */
const MEMO_SHARE = 1 / 4;

/**
 * Least memory for kept responses: with less, the core could keep next to nothing, as its table
 * alone takes 16 KiB.
 */
const LEAST_KEPT_BYTES = 32 << 10;

/** Most bytes for kept responses: they share 4 GiB of Wasm memory with the connections. */
const MAX_KEPT_BYTES = 1 << 30;

/**
 * Splits the memory that `service` may use.
 *
 * @param workers Workers that may answer requests; ignored in model `single`
 */
export function memoryBudget(
  service: ServiceOptions,
  { model, workers }: { model: Model; workers: number },
): MemoryBudget {
  const hasFiles = service.kind === "http" && service.directory !== undefined;
  if (!hasFiles) return { totalBytes: 0, thread: NO_MEMORY, ownerCopiesBytes: 0 };
  const totalBytes = service.directory!.cacheBytes ?? DEFAULT_CACHE_BYTES;
  const copiesShare = compresses(service) ? COPIES_SHARE : 0;
  const ownerCopiesBytes = Math.floor(totalBytes * copiesShare);
  const threads = model === "single" ? 1 : workers;
  const threadBytes = Math.floor((totalBytes - ownerCopiesBytes) / threads);
  // The one thread of `single` has the compressors itself.
  const copiesBytes = model === "single" ? 0 : Math.floor(threadBytes * copiesShare);
  // A core whose memory is shared keeps nothing, and logged requests have to reach the host.
  const mayKeep = !sharesMemory(model) && service.log === undefined;
  const wanted = mayKeep ? Math.min(Math.floor(threadBytes * KEPT_SHARE), MAX_KEPT_BYTES) : 0;
  const keptBytes = wanted < LEAST_KEPT_BYTES ? 0 : wanted;
  const left = threadBytes - copiesBytes - keptBytes;
  const memoBytes = Math.floor(left * MEMO_SHARE);
  const thread = { keptBytes, filesBytes: left - memoBytes, memoBytes, copiesBytes };
  return { totalBytes, thread, ownerCopiesBytes };
}
