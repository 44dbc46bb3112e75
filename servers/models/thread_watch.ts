/** The states of a server's threads, according to the kernel and the workqueue. */
import type {
  ProcessThreads,
  ThreadFacts,
  ThreadTimes,
} from "../../system/linux/process_threads.ts";
import type { WorkerPlace } from "../workqueue/mod.ts";
import type { ThreadSample, ThreadState } from "./server_sample.ts";

/** Most Workers of a server that the kernel is asked about; each takes about 15 us. */
const MAX_ASKED = 64;

/** What is reported about a thread. */
export type Watched = Pick<ThreadSample, "state" | "isAlive" | "cpuUs" | "waitedUs">;

/** Whether a sleeping Worker sleeps within work. */
export type SleepsInWork = (place: WorkerPlace) => boolean;

/** {@linkcode ThreadWatch.workers}; without a watch, only what costs next to nothing. */
export function watchedWorkers(
  watch: ThreadWatch | undefined,
  places: readonly WorkerPlace[],
  sleepsInWork: SleepsInWork,
): Watched[] {
  return watch?.workers(places, sleepsInWork) ??
    places.map(({ stats }) => ({ state: null, isAlive: stats.alive }));
}

/** {@linkcode ThreadWatch.ownThread}; without a watch, no state. */
export function watchedOwner(watch: ThreadWatch | undefined): Watched {
  return watch?.ownThread() ?? { state: null, isAlive: true };
}

/** Watches the threads of a server, from the thread that owns it. */
export class ThreadWatch {
  readonly #kernel: ProcessThreads | undefined;
  /** When this thread was last checked, and how long it had run and waited for a CPU by then. */
  #lastMs = performance.now();
  #lastUsedUs = 0;
  /** What observing has cost this thread since then. */
  #costUs = 0;
  /** How long this thread has slept in work since then, and when its present sleep began. */
  #blockedMs = 0;
  #blockedSinceMs = 0;

  /** Opens a watch; on Linux it loads the C library, if permitted. */
  static async open(): Promise<ThreadWatch> {
    if (Deno.build.os !== "linux") return new ThreadWatch(undefined);
    const { ProcessThreads } = await import("../../system/linux/process_threads.ts");
    return new ThreadWatch(ProcessThreads.open());
  }

  /** @param kernel absent where the kernel cannot be asked */
  constructor(kernel: ProcessThreads | undefined) {
    this.#kernel = kernel;
    this.ownThread();
  }

  /** CPU time of this thread so far, in us; elapsed time where the kernel cannot be asked. */
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

  /**
   * To be called when this thread is about to sleep in the work of a message, and when it has
   * slept.
   */
  readonly noteBlocked = (isBlocked: boolean): void => {
    const nowMs = performance.now();
    if (isBlocked) this.#blockedSinceMs = nowMs;
    else this.#blockedMs += nowMs - this.#blockedSinceMs;
  };

  /**
   * Notes that observing has cost this thread `costUs`, which does not count as the server's work.
   */
  charge(costUs: number): void {
    this.#costUs += costUs;
  }

  /** What this thread did for most of the time since the last call. */
  ownThread(): Watched {
    const nowMs = performance.now();
    const halfMs = (nowMs - this.#lastMs) / 2;
    const times = this.#kernel?.ownTimes();
    // A thread that waits for a CPU has work to do, so it counts as busy.
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

/** A Worker with an item may be running, or sleeping without having reported it. */
function stateWithoutKernel({ hasItem, isBlocked }: WorkerPlace): ThreadState | null {
  if (isBlocked) return "blocked";
  return hasItem ? null : "idle";
}

function timesOf(facts: ThreadTimes | undefined | null): Pick<Watched, "cpuUs" | "waitedUs"> {
  if (!facts || facts.cpuUs === null || facts.waitedUs === null) return {};
  return { cpuUs: Math.round(facts.cpuUs), waitedUs: Math.round(facts.waitedUs) };
}
