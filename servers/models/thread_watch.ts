/** What threads of a server do, as the kernel and the workqueue know it. */
import type {
  ProcessThreads,
  ThreadFacts,
  ThreadTimes,
} from "../../system/linux/process_threads.ts";
import type { WorkerPlace } from "../workqueue/mod.ts";
import type { ThreadSample, ThreadState } from "./server_sample.ts";

/** Workers of a server that the kernel is asked about at the most: it takes some 15 us for each. */
const MAX_ASKED = 64;

/** What is told of a thread. */
export type Watched = Pick<ThreadSample, "state" | "isAlive" | "cpuUs" | "waitedUs">;

/** Whether a Worker that sleeps does so within work. */
export type SleepsInWork = (place: WorkerPlace) => boolean;

/** {@linkcode ThreadWatch.workers}, or less without a watch: a look costs next to nothing then. */
export function watchedWorkers(
  watch: ThreadWatch | undefined,
  places: readonly WorkerPlace[],
  sleepsInWork: SleepsInWork,
): Watched[] {
  return watch?.workers(places, sleepsInWork) ??
    places.map(({ stats }) => ({ state: null, isAlive: stats.alive }));
}

/** {@linkcode ThreadWatch.ownThread}, or less without a watch. */
export function watchedOwner(watch: ThreadWatch | undefined): Watched {
  return watch?.ownThread() ?? { state: null, isAlive: true };
}

/** Watches the threads of a server, from the thread that owns it. */
export class ThreadWatch {
  readonly #kernel: ProcessThreads | undefined;
  /** When the own thread was looked at last, and how long it had run and waited for a CPU by then. */
  #lastMs = performance.now();
  #lastUsedUs = 0;
  /** What looks have cost it since then. */
  #costUs = 0;
  /** How long the own thread has slept in work since then, and since when it does. */
  #blockedMs = 0;
  #blockedSinceMs = 0;

  /** Loads the C library, where there is one and it may be used. */
  static async open(): Promise<ThreadWatch> {
    if (Deno.build.os !== "linux") return new ThreadWatch(undefined);
    const { ProcessThreads } = await import("../../system/linux/process_threads.ts");
    return new ThreadWatch(ProcessThreads.open());
  }

  /** @param kernel absent where it cannot be asked */
  constructor(kernel: ProcessThreads | undefined) {
    this.#kernel = kernel;
    this.ownThread();
  }

  /** CPU time of the own thread so far in us; the time of day where the kernel cannot be asked. */
  ownCpuUs(): number {
    return this.#kernel?.ownCpuUs() ?? performance.now() * 1000;
  }

  /** For `WorkerOptions.threadOf`. */
  readonly threadOf = (): number | null => this.#kernel?.newestWorker() ?? null;

  /** What the Workers at `places` do. */
  workers(places: readonly WorkerPlace[], sleepsInWork: SleepsInWork): Watched[] {
    let left = MAX_ASKED;
    return places.map((place) => {
      const { stats, thread, isBlocked } = place;
      if (!stats.alive) return { state: null, isAlive: false };
      const facts = thread !== null && left-- > 0 ? this.#kernel?.read(thread) : undefined;
      const state = facts
        ? stateOf(facts, isBlocked || sleepsInWork(place))
        : stateWithoutKernel(place);
      return { state, isAlive: true, ...timesOf(facts) };
    });
  }

  /** The own thread is about to sleep in the work of a message, or has slept. */
  readonly noteBlocked = (isBlocked: boolean): void => {
    const nowMs = performance.now();
    if (isBlocked) this.#blockedSinceMs = nowMs;
    else this.#blockedMs += nowMs - this.#blockedSinceMs;
  };

  /** Looking has cost the own thread `costUs`: it counts for nothing that the server does. */
  charge(costUs: number): void {
    this.#costUs += costUs;
  }

  /** What the own thread did for most of the time since the last call. */
  ownThread(): Watched {
    const nowMs = performance.now();
    const halfMs = (nowMs - this.#lastMs) / 2;
    const times = this.#kernel?.ownTimes();
    // A thread that waits for a CPU has something to do.
    const usedUs = (this.#kernel?.ownCpuUs() ?? 0) + (times?.waitedUs ?? 0);
    const busyMs = (usedUs - this.#lastUsedUs - this.#costUs) / 1000;
    const isBlocked = this.#blockedMs > halfMs;
    this.#lastMs = nowMs;
    this.#lastUsedUs = usedUs;
    this.#costUs = this.#blockedMs = 0;
    const unblocked = times === undefined ? null : busyMs > halfMs ? "busy" : "idle";
    return { state: isBlocked ? "blocked" : unblocked, isAlive: true, ...timesOf(times) };
  }
}

function stateOf({ state }: ThreadFacts, isInWork: boolean): ThreadState | null {
  switch (state) {
    case "runnable":
      return "busy";
    case "in a device":
      return "blocked";
    case "sleeping":
      return isInWork ? "blocked" : "idle";
    case null:
      return null;
  }
}

/** A Worker with an item may run, or sleep and not say so. */
function stateWithoutKernel({ hasItem, isBlocked }: WorkerPlace): ThreadState | null {
  if (isBlocked) return "blocked";
  return hasItem ? null : "idle";
}

function timesOf(facts: ThreadTimes | undefined | null): Pick<Watched, "cpuUs" | "waitedUs"> {
  if (!facts || facts.cpuUs === null || facts.waitedUs === null) return {};
  return { cpuUs: Math.round(facts.cpuUs), waitedUs: Math.round(facts.waitedUs) };
}
