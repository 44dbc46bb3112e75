/** The resources that a server holds, as the kernel sees them, and whether all were released. */
import { readProc } from "../../../system/proc.ts";
import { residentBytes } from "../../../system/process_usage.ts";
import { sleep } from "../../../system/wait.ts";

/** The resources of a process at one moment. */
export interface Footprint {
  descriptors: number;
  threads: number;
  /** Those of the threads that are Web Workers. */
  workers: number;
  residentMib: number;
}

/** Descriptors that may be left: of timers and files that the runtime opens at any time. */
const MORE_DESCRIPTORS = 4;
/** Descriptors of a Worker: a pool that serves others beside may keep more of them than before. */
const WORKER_DESCRIPTORS = 6;
/** Threads that may be left: the runtime's own pool for files comes and goes with the load. */
const MORE_THREADS = 32;
/** Resident memory that may be left, in MiB and as a share: the heap of each thread varies. */
const MORE_MIB = 64;
const MORE_SHARE = 0.05;

/** Looks at process `pid`. @throws when it is gone */
function footprintOf(pid: number): Footprint {
  const names = (directory: string) =>
    [...Deno.readDirSync(`/proc/${pid}/${directory}`)].map(({ name }) => name);
  const threads = names("task");
  return {
    descriptors: names("fd").length,
    threads: threads.length,
    // The runtime names its threads this way. One that has ended since has no name.
    workers:
      threads.filter((thread) =>
        readProc(`/proc/${pid}/task/${thread}/comm`)?.startsWith("worker-")
      ).length,
    residentMib: residentBytes(pid) / 2 ** 20,
  };
}

/**
 * Waits until `pid` holds no more descriptors and threads than `before`, within the tolerance.
 *
 * @returns the footprint then; at the deadline the one with the fewest descriptors: those of
 *   connections that come and go are not in every footprint, those that are lost are
 */
export async function quietFootprint(
  pid: number,
  before: Footprint | undefined,
  deadlineMs: number,
): Promise<Footprint> {
  const endMs = performance.now() + deadlineMs;
  let last = footprintOf(pid);
  let least = last;
  for (let same = 0; performance.now() < endMs;) {
    await sleep(200);
    const now = footprintOf(pid);
    const isSame = now.descriptors === last.descriptors && now.threads === last.threads;
    const isLeft = before !== undefined && leftOf(before, now, { memory: false }) !== undefined;
    same = isSame && !isLeft ? same + 1 : 0;
    last = now;
    if (now.descriptors <= least.descriptors) least = now;
    if (same === 5) return now;
  }
  return least;
}

/** The resources in `after` that exceed `before` by more than the tolerance. */
export function leftOf(
  before: Footprint,
  after: Footprint,
  { memory = true } = {},
): string | undefined {
  const left: string[] = [];
  const moreWorkers = after.workers - before.workers;
  if (
    after.descriptors > before.descriptors + MORE_DESCRIPTORS + moreWorkers * WORKER_DESCRIPTORS
  ) {
    left.push(
      `${before.descriptors} -> ${after.descriptors} descriptors, ` +
        `${before.workers} -> ${after.workers} Workers`,
    );
  }
  if (after.threads > before.threads + MORE_THREADS) {
    left.push(`${before.threads} -> ${after.threads} threads`);
  }
  if (memory && after.residentMib > before.residentMib * (1 + MORE_SHARE) + MORE_MIB) {
    left.push(`${Math.round(before.residentMib)} -> ${Math.round(after.residentMib)} MiB resident`);
  }
  return left.length === 0 ? undefined : left.join(", ");
}

/** Both footprints in a few words. */
export function describeFootprints(before: Footprint, after: Footprint): string {
  return `${before.descriptors} -> ${after.descriptors} descriptors, ` +
    `${before.threads} -> ${after.threads} threads (${before.workers} -> ${after.workers} Workers), ` +
    `${Math.round(before.residentMib)} -> ${Math.round(after.residentMib)} MiB`;
}
