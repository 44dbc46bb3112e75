/**
 * How many connections a server can have: the requested number, lowered to what descriptors and
 * memory allow, so that connections beyond the limit wait instead of failing.
 */
import { blockBytesFor, maxBlocks } from "../../core/mod.ts";
import { readAvailableMemory, readOpenFiles } from "../../system/limits.ts";
import { mayRead } from "../../system/proc.ts";
import {
  compressorWorkers,
  HASH_WORKERS,
  PASSWORD_WORKERS,
} from "../files/compression/compressor_pool.ts";
import {
  checksPasswords,
  compresses,
  limitsOf,
  type ServerOptions,
  servesFiles,
} from "./options.ts";
import { blocksThread } from "../net/engine_options.ts";
import { inputBytesOf, OUTPUT_BLOCKS, reservedBytesOf } from "./core_size.ts";
import type { Model } from "./model.ts";
import { memoryBudget } from "./memory_budget.ts";
import { SPARE_DESCRIPTORS, WORKER_DESCRIPTORS } from "../workqueue/reserve.ts";

/**
 * Memory of a Worker at most, in bytes: its stack, its copy of the runtime, and a heap with the
 * modules of a static server and the files under way (7 MiB are measured before the first request,
 * 13 under load).
 */
const WORKER_BYTES = 16 << 20;

/** Share of the memory that Workers may take; the rest is for connections. */
const WORKERS_SHARE = 1 / 2;

/** Descriptors kept in reserve for short-lived uses: signals, timers, the files of modules. */
const OTHER_DESCRIPTORS = 16;

/**
 * Upper bound on the descriptors of a loop that blocks its thread: listener, poller, eventfd,
 * timer.
 */
const LOOP_DESCRIPTORS = 5;

/** Descriptors that the threads of a pool share, and those that each thread has. */
const POOL_DESCRIPTORS = 4;
const POOL_THREAD_DESCRIPTORS = 1;

/** select(2) only watches descriptors below this. */
const FD_SETSIZE = 1024;

/** What the system allows; `Infinity` where it is unknown. */
export interface SystemRoom {
  /** Descriptors that this process may still open. */
  descriptors: number;
  /** `ulimit -n`, for the message. */
  descriptorLimit: number;
  /** Bytes available without swapping. */
  memoryBytes: number;
}

/** The model, and the Workers that share the system's resources with connections. */
export interface ModelSize {
  model: Model;
  /** The model that was asked for, named in messages; default: `model`. */
  asked?: Model;
  /** Workers of `per-core`. */
  workers: number;
  maxActive: number;
  /** Whether the queue has a rescuer (`WQ_MEM_RECLAIM`): one Worker more. */
  hasRescuer?: boolean;
}

/** A number of connections that fits, and what is left for Workers. */
export interface Capacity {
  maxConnections: number;
  /** Workers that there may be. */
  maxWorkers: number;
  /** Why there are fewer connections than were asked for. */
  note?: string;
}

/** The system allows too few descriptors for even one connection. */
export class CapacityError extends Error {
  /** Identifies it where the class is lost, such as between Workers. */
  override name = "CapacityError";

  /**
   * The message states the present limit and the least one that is needed.
   *
   * @param needed the `ulimit -n` that would do
   * @param found the model that was to run, and the `ulimit -n` that there is
   */
  constructor(readonly needed: number, { model, limit }: { model: Model; limit: number }) {
    super(`cannot start: 'ulimit -n' is ${limit}, and model ${model} needs at least ${needed}`);
  }
}

/** How many Workers fit into their share of `memoryBytes`; at least one. */
export function workersByMemory(memoryBytes: number): number {
  return Math.max(1, Math.floor(memoryBytes * WORKERS_SHARE / WORKER_BYTES));
}

/**
 * Fits `options.maxConnections` into `room`.
 *
 * @throws {CapacityError} when not even one fits
 */
export function fitCapacity(
  options: ServerOptions,
  { model, asked = model, workers, maxActive: wantedWorkers, hasRescuer = false }: ModelSize,
  room: SystemRoom,
): Capacity {
  const { service, maxConnections: wanted } = options;
  // A file may be open for each connection.
  const perConnection = servesFiles(service) ? 2 : 1;
  const maxActive = Math.min(wantedWorkers, workersByMemory(room.memoryBytes));
  let free = room.descriptors - OTHER_DESCRIPTORS;
  // select(2) watches no descriptor from there on.
  if (options.engine.name === "select") {
    const inUse = room.descriptorLimit - room.descriptors;
    free = Math.min(free, FD_SETSIZE - inUse - OTHER_DESCRIPTORS);
  }
  if (blocksThread(options.engine)) free -= workers * LOOP_DESCRIPTORS;
  let maxWorkers = 0;
  let byDescriptors: number;
  /** Descriptors for one connection and the Workers that it needs. */
  let least: number;
  const compressors = (servesFiles(service) ? HASH_WORKERS : 0) +
    (checksPasswords(service) ? PASSWORD_WORKERS : 0) +
    (compresses(service) ? compressorWorkers() : 0);
  free -= (compressors + (hasRescuer ? 1 : 0)) * WORKER_DESCRIPTORS;
  if (model !== "single" || compressors > 0) free -= WORKER_DESCRIPTORS + SPARE_DESCRIPTORS;
  if (model === "per-connection") {
    least = perConnection + WORKER_DESCRIPTORS;
    byDescriptors = free / least;
    maxWorkers = maxActive;
    // Connections beyond `maxActive` wait without a Worker.
    if (byDescriptors > maxActive) {
      byDescriptors = (free - maxActive * WORKER_DESCRIPTORS) / perConnection;
    }
  } else {
    maxWorkers = model === "per-core" ? workers : 0;
    let perWorker = WORKER_DESCRIPTORS;
    if (model === "shared-pool") {
      if (blocksThread(options.engine)) {
        free -= POOL_DESCRIPTORS;
        perWorker += POOL_THREAD_DESCRIPTORS;
      }
      maxWorkers = Math.max(2, Math.min(maxActive, Math.floor(free / 4 / perWorker)));
    }
    least = perConnection + maxWorkers * perWorker;
    byDescriptors = (free - maxWorkers * perWorker) / perConnection;
  }
  if (free < least) {
    const limit = room.descriptorLimit;
    throw new CapacityError(limit + least - free, { model: asked, limit });
  }
  // Each Worker of per-core has a core with room for all connections, but only the pages that
  // connections use are resident, whichever Worker has them.
  const cores = model === "per-core" ? workers : 1;
  const reservedBytes = reservedBytesOf(options);
  const size = { limits: limitsOf(service), inputBytes: inputBytesOf(options), reservedBytes };
  const { totalBytes, thread } = memoryBudget(service, { model, workers });
  const left = room.memoryBytes - maxWorkers * WORKER_BYTES;
  // The cache may be allowed more memory than there is: it must not cost connections before it is
  // full.
  const cacheBytes = Math.min(totalBytes, left / 2);
  const resident = (left - cacheBytes) / blockBytesFor(size);
  const most = maxBlocks({ ...size, cacheBytes: thread.keptBytes });
  const blocks = Math.min(most, resident - (cores - 1) * OUTPUT_BLOCKS);
  const byMemory = (blocks - OUTPUT_BLOCKS) / 2;
  const fitting = Math.max(1, Math.floor(Math.min(byDescriptors, byMemory)));
  if (fitting >= wanted) return { maxConnections: wanted, maxWorkers };
  const isSelect = options.engine.name === "select" && room.descriptorLimit >= FD_SETSIZE;
  const byLimit = isSelect
    ? `select watches descriptors below ${FD_SETSIZE}`
    : `'ulimit -n' is ${room.descriptorLimit}`;
  const why = byDescriptors <= byMemory ? byLimit : `memory holds no more of this size`;
  const note = `at most ${fitting} connections at once instead of ${wanted}: ${why}; others wait`;
  return { maxConnections: fitting, maxWorkers, note };
}

/** Reads the system's limits, as far as permissions allow. */
export function systemRoom(): SystemRoom {
  const descriptorLimit = readOpenFiles()?.soft ?? Infinity;
  return {
    descriptorLimit,
    descriptors: descriptorLimit - countEntries("/proc/self/fd", { atMost: descriptorLimit }),
    memoryBytes: readAvailableMemory() ?? Infinity,
  };
}

/** Entries of a directory: `atMost` where none can be opened any more, 0 where none may be. */
function countEntries(path: string, { atMost }: { atMost: number }): number {
  if (!mayRead(path)) return 0;
  try {
    return [...Deno.readDirSync(path)].length;
  } catch (error) {
    return /os error 24\b/.test((error as Error).message) ? atMost : 0;
  }
}
