/**
 * Model `shared-pool` with a Linux engine: all Workers wait at one poller for sockets to become
 * ready. Each ready socket goes to one idle Worker, which receives, runs the service, and sends. No
 * data or message crosses threads for a request.
 *
 * The whole life of a Worker is one item of an unbound queue, so Workers have the workqueue's names
 * and statistics, its reserve of descriptors, and its replacement after a crash. This file decides
 * when Workers are created and ended, by the queue's rules: another one is created when all are
 * busy and sockets have been ready for one to two times `growDelayMs`, unless threads wait for a
 * CPU already; a Worker ends when it has been idle for `idleTimeoutMs`.
 */
import { ThreadFigures } from "../../net/engines/linux/pool/pool_control.ts";
import { PoolOwner } from "../../net/engines/linux/pool/pool_owner.ts";
import { CpuPressure } from "../../../system/cpu_pressure.ts";
import { readOpenFiles } from "../../../system/limits.ts";
import { stderr } from "../../../system/stderr.ts";
import type { CompressorPool } from "../../files/compression/compressor_pool.ts";
import {
  allocWorkqueue,
  destroyWorkqueue,
  queueWork,
  Work,
  WorkerPools,
  type WorkError,
  type Workqueue,
  WQ_UNBOUND,
} from "../../workqueue/mod.ts";
import { createService } from "../create_service.ts";
import { NO_MEMORY, type ThreadMemory } from "../memory_budget.ts";
import { type ServerOptions, servesFiles, TICK_MS } from "../options.ts";
import { workerPermissions } from "../permissions.ts";
import { COUNTED, failureOf, type RunningServer } from "../running_server.ts";
import type { ThreadSample } from "../server_sample.ts";
import { type ThreadWatch, watchedOwner } from "../thread_watch.ts";
import { createServerCore, internalErrors } from "../thread_server.ts";
import { workSamples } from "../pool_settings.ts";
import { type PoolInit, type PoolMessage, threadIndex } from "./pool_item.ts";

/** Settings of the model. */
export interface DescriptorPoolOptions {
  maxWorkers: number;
  /** Of the queue: `WQ_…`, with `WQ_UNBOUND`. */
  wqFlags?: number;
  compressors?: CompressorPool;
  /** Memory for each Worker's caches. */
  memory: ThreadMemory;
  /** Absent: threads are not watched. */
  watch?: ThreadWatch;
  onNote: (note: string) => void;
  /** Sockets are ready for one to two times this before another Worker is created, in ms (5). */
  growDelayMs?: number;
  /** How long a Worker may be idle before it ends, in ms (10,000). */
  idleTimeoutMs?: number;
  /** Whether threads wait for a CPU. Default: asks the kernel. */
  areCpusShort?: () => boolean;
  /** The Workers' module; for tests. */
  entry?: URL;
}

/** Consecutive checks that find all Workers idle after which the owner stops checking. */
const QUIET_LOOKS = 20;

/**
 * When no socket has been handled for this time, all Workers may be waiting for something that only
 * another Worker can do, in ms.
 */
const STUCK_MS = 1000;

/** Time until creating the only Worker is tried again, in ms. */
const RETRY_MS = 100;

/** How long creating a Worker may take before the queue's rescuer is called, in ms. */
const MAYDAY_MS = 2000;

/** Generous bound on a process's descriptors besides those of connections. */
const OTHER_DESCRIPTORS = 1 << 16;

/**
 * Starts a server.
 *
 * @throws the system's error when the address cannot be bound
 * @throws {TypeError} when the queue is to be bound: a ready socket may go to any Worker
 */
export async function serveDescriptorPool(
  options: ServerOptions,
  settings: DescriptorPoolOptions,
): Promise<RunningServer> {
  const { maxWorkers, wqFlags = WQ_UNBOUND, compressors, memory, watch, onNote } = settings;
  const { idleTimeoutMs = 10_000 } = settings;
  const { service: serviceOptions, timeouts, sending, maxConnections } = options;
  if ((wqFlags & WQ_UNBOUND) === 0) throw new TypeError("The queue has to be unbound");
  const core = createServerCore(options, NO_MEMORY.keptBytes);
  const print = (lines: string) => stderr.log(lines);
  const hasFiles = servesFiles(serviceOptions);
  const makers = hasFiles ? await import("../make_directory.ts") : {};
  const service = createService(core, serviceOptions, { print, ...makers, pool: "owner" });
  const owner = new PoolOwner({
    listen: options.listen,
    sending,
    // The kernel gives the lowest free number.
    capacity: Math.min(readOpenFiles()?.soft ?? Infinity, 2 * maxConnections + OTHER_DESCRIPTORS),
    maxThreads: maxWorkers + 1,
  });
  const onInternalError = internalErrors(print);
  owner.start({
    core,
    service,
    timeouts,
    sending,
    maxConnections,
    tickMs: TICK_MS,
    onInternalError,
  });
  const defaultEntry = hasFiles
    ? new URL("./pool_files_worker.ts", import.meta.url)
    : new URL("./pool_worker.ts", import.meta.url);
  const init: PoolInit = {
    share: core.share,
    pool: owner.share,
    service: serviceOptions,
    memory,
    timeouts,
    sending,
    maxConnections,
    idleTimeoutMs,
    maxWorkers,
  };
  const pools = new WorkerPools({
    entry: settings.entry ?? defaultEntry,
    threadOf: watch?.threadOf,
    // An item lasts as long as its Worker: `PoolWorkers` decides when to create one.
    growDelayMs: 0,
    idleTimeoutMs: 0,
    minIdle: 0,
    maxWorkers,
    // The rescuer would then serve until the server ends, so it is called only when Workers cannot
    // be created, for lack of descriptors.
    maydayMs: MAYDAY_MS,
    connect: compressors && ((port) => compressors.serve(port)),
    permissions: { ...workerPermissions(options), net: false, write: false },
    onPrint: print,
    init,
  });
  const queue = allocWorkqueue("ktcp_shared_pool", {
    flags: wqFlags,
    maxActive: maxWorkers,
    pools,
  });
  const workers = new PoolWorkers(owner, queue, {
    maxWorkers,
    growDelayMs: settings.growDelayMs ?? 5,
    areCpusShort: settings.areCpusShort,
    onNote,
  });
  const end = async () => {
    workers.stop();
    owner.ring();
    await destroyWorkqueue(queue);
    owner.close();
  };
  try {
    await workers.start();
  } catch (error) {
    await owner.stopAccepting();
    await end();
    throw error;
  }
  return {
    address: owner.address,
    port: owner.port,
    failed: failureOf(workers.failed),
    observe: async ({ patienceMs, maxConnections } = COUNTED) => {
      const samples = workSamples(
        queue,
        watch,
        // A Worker that was idle for too long has ended its item.
        ({ stats, hasItem }) => hasItem && !owner.isWaiting(threadIndex(stats.name, maxWorkers)),
      );
      if (patienceMs === Infinity) await owner.settled();
      return {
        threads: [
          { name: "main", ...watchedOwner(watch), counters: owner.counters },
          ...samples.map((sample) => withFigures(sample, owner, maxWorkers)),
        ],
        // The kernel's queue of ready sockets: an item is a ready socket.
        queue: { ...owner.load(maxConnections), maxActive: maxWorkers },
        connections: [owner.list(maxConnections)],
        costUs: 0,
      };
    },
    stop: async (graceMs) => {
      const compressorsEnded = compressors?.stop();
      const cut = await owner.stop(graceMs);
      await Promise.all([end(), compressorsEnded]);
      return cut;
    },
  };
}

/** Adds a Worker's work to its sample: an item is a socket that was ready. */
function withFigures(
  sample: ThreadSample,
  { share }: PoolOwner,
  maxWorkers: number,
): ThreadSample {
  const figures = new ThreadFigures(share, threadIndex(sample.name, maxWorkers));
  const { counters, callCounts, items, busyUs } = figures;
  return { ...sample, counters, calls: callCounts, work: { ...sample.work!, items, busyUs } };
}

/** Creates the Workers of a pool, and supervises them. */
class PoolWorkers {
  readonly #owner: PoolOwner;
  readonly #queue: Workqueue;
  readonly #settings: Required<
    Pick<DescriptorPoolOptions, "maxWorkers" | "growDelayMs" | "onNote">
  >;
  readonly #pressure: CpuPressure | undefined;
  readonly #areCpusShort: () => boolean;
  readonly #failed = Promise.withResolvers<void>();
  #count = 0;
  /** A Worker is being created. */
  #isGrowing = false;
  #isStopping = false;
  #interval: ReturnType<typeof setInterval> | undefined;
  #quietLooks = 0;

  constructor(
    owner: PoolOwner,
    queue: Workqueue,
    { areCpusShort, ...settings }:
      & Required<Pick<DescriptorPoolOptions, "maxWorkers" | "growDelayMs" | "onNote">>
      & Pick<DescriptorPoolOptions, "areCpusShort">,
  ) {
    this.#owner = owner;
    this.#queue = queue;
    this.#settings = settings;
    const pressure = areCpusShort === undefined ? new CpuPressure() : undefined;
    this.#pressure = pressure;
    this.#areCpusShort = areCpusShort ?? (() => pressure!.isShort());
    this.#failed.promise.catch(() => {});
  }

  /** Rejects when no connection can be accepted any more. */
  get failed(): Promise<void> {
    return this.#failed.promise;
  }

  /** Creates the first Worker. @throws when none can be started */
  start(): Promise<void> {
    return new Promise((resolve, reject) => this.#create({ resolve, reject }));
  }

  /** Creates no more. */
  stop(): void {
    this.#isStopping = true;
    this.#pressure?.[Symbol.dispose]();
    clearInterval(this.#interval);
  }

  #create(first?: { resolve: () => void; reject: (error: Error) => void }): void {
    this.#isGrowing = true;
    ++this.#count;
    let index: number | undefined;
    const work = new Work<null, void>("serveReady", null, {
      onMessage: (message) => {
        const told = message as PoolMessage;
        if (told.kind === "busy") return this.#watch();
        if (told.kind === "failed") return this.#failed.reject(new Error(told.reason));
        index = told.index;
        this.#isGrowing = false;
        first?.resolve();
      },
      // The Worker was idle for too long, or the server ends.
      onResult: () => void --this.#count,
      onError: (error) => {
        --this.#count;
        if (index !== undefined) return this.#replace(index, error);
        this.#isGrowing = false;
        if (first !== undefined) return first.reject(new Error(error.reason));
        // The pool can run with fewer Workers, but not with none.
        setTimeout(() => {
          if (this.#count === 0 && !this.#isStopping) this.#create();
        }, RETRY_MS);
      },
    });
    queueWork(this.#queue, work);
  }

  /** Handles the loss of the Worker that was thread `index`, and of its connections. */
  #replace(index: number, { reason, crashed }: WorkError): void {
    const lost = this.#owner.inherit(index, { hasCounted: crashed });
    if (this.#isStopping) return;
    this.#settings.onNote(
      `a Worker crashed and is replaced; ${lost} connections that it had are lost: ${reason}`,
    );
    if (!this.#isGrowing) this.#create();
  }

  /** Checks at intervals whether there are enough Workers, until one has been idle for a while. */
  #watch(): void {
    if (this.#isStopping) return this.#owner.stopLooking();
    this.#quietLooks = 0;
    this.#interval ??= setInterval(() => this.#look(), Math.max(1, this.#settings.growDelayMs));
  }

  #look(): void {
    const looks = this.#owner.look();
    if (looks < 0) {
      if (++this.#quietLooks < QUIET_LOOKS) return;
      clearInterval(this.#interval);
      this.#interval = undefined;
      return this.#owner.stopLooking();
    }
    this.#quietLooks = 0;
    const { growDelayMs, maxWorkers } = this.#settings;
    if (looks < 1 || this.#isGrowing || this.#count >= maxWorkers) return;
    if (looks * growDelayMs >= STUCK_MS || !this.#areCpusShort()) this.#create();
  }
}
