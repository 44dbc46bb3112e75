/**
 * How the memory of `--cache` is split: the one place where a share of it is worked out. Pure.
 *
 * Whatever keeps something is told its share in bytes. All shares of all threads together are the
 * whole, but for what does not divide by the Workers.
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
  /** For answers that are given again without planning; their content is mostly a file's. */
  memoBytes: number;
  /** For compressed copies, beside those of the thread that has the compressors. */
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

/** The part for compressed copies: they are a fraction of their files. */
const COPIES_SHARE = 1 / 16;

/** The part of a thread's memory for responses that the core keeps. */
const KEPT_SHARE = 1 / 2;

/** The part of what is left for the memo of answers; the rest is for files. */
const MEMO_SHARE = 1 / 4;

/** With less, the core could keep next to nothing: its table alone takes 16 KiB. */
const LEAST_KEPT_BYTES = 32 << 10;

/** Most bytes for kept responses: they share 4 GiB of Wasm memory with the connections. */
const MAX_KEPT_BYTES = 1 << 30;

/**
 * Splits the memory that `service` may use.
 *
 * @param workers Workers that may answer requests; of no account in model `single`
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
  // A core whose memory is shared keeps nothing. Requests that are logged have to come to the host.
  const mayKeep = !sharesMemory(model) && service.log === undefined;
  const wanted = mayKeep ? Math.min(Math.floor(threadBytes * KEPT_SHARE), MAX_KEPT_BYTES) : 0;
  const keptBytes = wanted < LEAST_KEPT_BYTES ? 0 : wanted;
  const left = threadBytes - copiesBytes - keptBytes;
  const memoBytes = Math.floor(left * MEMO_SHARE);
  const thread = { keptBytes, filesBytes: left - memoBytes, memoBytes, copiesBytes };
  return { totalBytes, thread, ownerCopiesBytes };
}
