/** The resources that a server holds, as the kernel sees them, and whether all were given back. */
import { residentBytes } from "../../../system/process_usage.ts";
import { sleep } from "../../../system/wait.ts";

/** A look at a process. */
export interface Footprint {
  descriptors: number;
  threads: number;
  residentMib: number;
}

/** Descriptors that may be left: of timers and files that the runtime opens when it likes. */
const MORE_DESCRIPTORS = 4;
/** Threads that may be left: the runtime's own pool for files comes and goes with the load. */
const MORE_THREADS = 32;
/** Resident memory that may be left, in MiB and as a share: the heap of each thread varies. */
const MORE_MIB = 64;
const MORE_SHARE = 0.05;

/** Looks at process `pid`. @throws when it is gone */
function footprintOf(pid: number): Footprint {
  const entries = (name: string) => [...Deno.readDirSync(`/proc/${pid}/${name}`)].length;
  return {
    descriptors: entries("fd"),
    threads: entries("task"),
    residentMib: residentBytes(pid) / 2 ** 20,
  };
}

/** Waits until `pid` holds no more descriptors and threads than `before`, within the tolerance. */
export async function quietFootprint(
  pid: number,
  before: Footprint | undefined,
  deadlineMs: number,
): Promise<Footprint> {
  const endMs = performance.now() + deadlineMs;
  let last = footprintOf(pid);
  for (let same = 0; same < 5 && performance.now() < endMs;) {
    await sleep(200);
    const now = footprintOf(pid);
    const isSame = now.descriptors === last.descriptors && now.threads === last.threads;
    const isLeft = before !== undefined && leftOf(before, now, { memory: false }) !== undefined;
    same = isSame && !isLeft ? same + 1 : 0;
    last = now;
  }
  return last;
}

/** The resources in `after` that exceed `before` by more than the tolerance. */
export function leftOf(
  before: Footprint,
  after: Footprint,
  { memory = true } = {},
): string | undefined {
  const left: string[] = [];
  if (after.descriptors > before.descriptors + MORE_DESCRIPTORS) {
    left.push(`${before.descriptors} -> ${after.descriptors} descriptors`);
  }
  if (after.threads > before.threads + MORE_THREADS) {
    left.push(`${before.threads} -> ${after.threads} threads`);
  }
  if (memory && after.residentMib > before.residentMib * (1 + MORE_SHARE) + MORE_MIB) {
    left.push(`${Math.round(before.residentMib)} -> ${Math.round(after.residentMib)} MiB resident`);
  }
  return left.length === 0 ? undefined : left.join(", ");
}

/** Both in a few words. */
export function describeFootprints(before: Footprint, after: Footprint): string {
  return `${before.descriptors} -> ${after.descriptors} descriptors, ` +
    `${before.threads} -> ${after.threads} threads, ` +
    `${Math.round(before.residentMib)} -> ${Math.round(after.residentMib)} MiB`;
}
