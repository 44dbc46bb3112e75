/** Trials of a queue's settings: `max_active`, order, and the flags. */
import type { FigureValues } from "../../../bench/lab/figures.ts";
import type { WorkqueueTrials } from "../../../bench/lab/workqueue_trials.ts";
import { median } from "../../../bench/stats/spread.ts";
import {
  allocOrderedWorkqueue,
  DescriptorReserve,
  WQ_CPU_INTENSIVE,
  WQ_HIGHPRI,
  WQ_MEM_RECLAIM,
  WQ_UNBOUND,
} from "../../../servers/workqueue/mod.ts";
import { mostAtOnce, outOfOrder } from "./trial_state.ts";
import { CPUS, timed, Trial } from "./trial.ts";

/** Workers for items that are to run at the same time. */
const MOST_ACTIVE = 8;
const SLEEP_MS = 10;
const SLEEPING = { quick: 32, full: 64 };

/** Items that sleep, on an unbound queue whose pool has Workers enough. */
async function limited(maxActive: number, isQuick: boolean): Promise<FigureValues> {
  await using trial = new Trial();
  const pools = trial.pools({ growDelayMs: 0, maxWorkers: MOST_ACTIVE });
  const all = trial.queue("warm-up", { flags: WQ_UNBOUND, pools });
  await trial.warmUp(all, MOST_ACTIVE);
  const queue = trial.queue("limited", { flags: WQ_UNBOUND, maxActive, pools });
  const count = isQuick ? SLEEPING.quick : SLEEPING.full;
  const totalUs = await timed(() => trial.run(queue, "sleep", SLEEP_MS, count));
  return { totalUs, mostAtOnce: mostAtOnce(trial.state) };
}

const ORDERED = 8;

/** Items of which each takes less time than the one before it. */
async function order(isOrdered: boolean): Promise<FigureValues> {
  await using trial = new Trial();
  const pools = trial.pools({ growDelayMs: 0, maxWorkers: ORDERED });
  const unbound = trial.queue("unbound", { flags: WQ_UNBOUND, pools });
  await trial.warmUp(unbound, ORDERED);
  const queue = isOrdered ? trial.adopt(allocOrderedWorkqueue("ordered", { pools })) : unbound;
  const totalUs = await timed(() =>
    Promise.all(
      Array.from({ length: ORDERED }, (_, i) => trial.add(queue, "sleep", 2 * (ORDERED - i)).ended),
    )
  );
  return {
    totalUs,
    mostAtOnce: mostAtOnce(trial.state),
    outOfOrder: outOfOrder(trial.state),
  };
}

const CROWD = 40;
const URGENT = 5;

/** Items that are urgent, while a queue of the same core is full of others. */
async function urgent(flags: number): Promise<FigureValues> {
  await using trial = new Trial();
  const pools = trial.pools();
  const queue = trial.queue("normal", { pools });
  const urgentQueue = flags === 0 ? queue : trial.queue("urgent", { flags, pools });
  await trial.warmUp(queue, CPUS);
  if (urgentQueue !== queue) await trial.warmUp(urgentQueue, CPUS);
  const crowd = Array.from({ length: CROWD }, () => trial.add(queue, "compute", 2, 0));
  const urgentItems = Array.from({ length: URGENT }, () => trial.add(urgentQueue, "compute", 1, 0));
  const endedUs = await Promise.all(urgentItems.map(({ ended }) => ended));
  await Promise.all(crowd.map(({ ended }) => ended));
  return { endP50Us: median(endedUs), endMaxUs: Math.max(...endedUs) };
}

const LONG_MS = 60;
const SHORT = 10;

/** Short items of one queue beside a long computation of another, on the same core. */
async function besideLong(
  { flags = 0, threshUs }: { flags?: number; threshUs?: number },
): Promise<FigureValues> {
  await using trial = new Trial();
  const pools = trial.pools(threshUs === undefined ? {} : { cpuIntensiveThreshUs: threshUs });
  const short = trial.queue("short", { pools });
  const long = trial.queue("long", { flags, pools });
  await trial.warmUp(short, 2 * CPUS);
  const computation = trial.add(long, "compute", LONG_MS, 0);
  const endedUs = await Promise.all(
    Array.from({ length: SHORT }, () => trial.add(short, "compute", 0.2, 0).ended),
  );
  await computation.ended;
  return { endP50Us: median(endedUs), endMaxUs: Math.max(...endedUs) };
}

const BUSY_MS = 150;
const STARVED = 6;

/** Items that need another Worker, while no descriptor is left to create one with. */
async function outOfWorkers(flags: number): Promise<FigureValues> {
  await using trial = new Trial();
  let isDry = false;
  const reserve = new DescriptorReserve(() => {
    if (isDry) throw new Error("Too many open files (os error 24)");
    return Deno.openSync("/dev/null");
  });
  try {
    const pools = trial.pools({ reserve, growDelayMs: 0 });
    const queue = trial.queue("starved", { flags: WQ_UNBOUND | flags, pools });
    // Waits for the first Worker. If the queue has a rescuer, it is up as well: it was started before.
    await trial.add(queue, "sleep", 1).ended;
    isDry = true;
    reserve.release();
    const busy = trial.add(queue, "sleep", BUSY_MS);
    const endedUs = await trial.run(queue, "sleep", 5, STARVED);
    await busy.ended;
    const { rescued } = queue.stats;
    return { endP50Us: median(endedUs), endMaxUs: Math.max(...endedUs), rescued };
  } finally {
    isDry = true;
    reserve.release();
  }
}

/** The trials of five groups. */
export const FLAGS: Pick<
  WorkqueueTrials,
  "max_active" | "order" | "urgent item" | "beside a long computation" | "no Worker to be had"
> = {
  "max_active": {
    "max_active 1": (isQuick) => limited(1, isQuick),
    "max_active 4": (isQuick) => limited(4, isQuick),
    "max_active 8": (isQuick) => limited(MOST_ACTIVE, isQuick),
  },
  "order": {
    "ordered queue": () => order(true),
    "unbound queue": () => order(false),
  },
  "urgent item": {
    "same queue": () => urgent(0),
    "WQ_HIGHPRI": () => urgent(WQ_HIGHPRI),
  },
  "beside a long computation": {
    // Longer than any item of the trial: as before Linux 6.5.
    "flags 0, not noticed": () => besideLong({ threshUs: 1e9 }),
    "flags 0": () => besideLong({}),
    "WQ_CPU_INTENSIVE": () => besideLong({ flags: WQ_CPU_INTENSIVE }),
  },
  "no Worker to be had": {
    "flags 0": () => outOfWorkers(0),
    "WQ_MEM_RECLAIM": () => outOfWorkers(WQ_MEM_RECLAIM),
  },
};
