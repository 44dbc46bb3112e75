/** Trials of what CMWQ repaired: the old workqueues and the present one with the same items. */
import type { WorkqueueTrials } from "../../../bench/lab/workqueue_trials.ts";
import type { FigureValues } from "../../../bench/lab/figures.ts";
import { median } from "../../../bench/stats/spread.ts";
import {
  killWork,
  queueWorkOn,
  sendToWork,
  Work,
  type WorkError,
  type Workqueue,
  WQ_UNBOUND,
} from "../../../servers/workqueue/mod.ts";
import { createSinglethreadWorkqueue, createWorkqueue } from "./old_workqueue.ts";
import { CPUS, timed, Trial } from "./trial.ts";

/** Makes a queue of some kind. */
type MakeQueue = (trial: Trial, name: string) => Workqueue;

/** A kind of queue. */
interface Kind {
  make: MakeQueue;
  /** Workers that exist when a trial begins; pools of CMWQ have spare ones, as the kernel's do. */
  workers: number;
}

const SINGLE: Kind = { make: createSinglethreadWorkqueue, workers: 1 };
const PER_CPU: Kind = { make: createWorkqueue, workers: CPUS };
const BOUND: Kind = {
  make: (trial, name) => trial.queue(name, { pools: trial.pools() }),
  workers: 2 * CPUS,
};
const UNBOUND: Kind = {
  // The pool grows when work waits on a busy machine, too, as the kernel's does: its threads cost less.
  make: (trial, name) =>
    trial.queue(name, { flags: WQ_UNBOUND, pools: trial.pools({ areCpusShort: () => false }) }),
  workers: 2 * CPUS,
};
const ONE_ACTIVE: Kind = {
  make: (trial, name) => trial.queue(name, { maxActive: 1, pools: trial.pools() }),
  workers: CPUS,
};

/** How long the head of a queue lasts, in ms. */
const HEAD_MS = 100;
const BEHIND = 20;

/** An item that lasts, and short ones that are queued behind it, in turn on all cores. */
async function blockedHead(
  { make, workers }: Kind,
  head: "sleep" | "block" = "sleep",
): Promise<FigureValues> {
  await using trial = new Trial();
  const queue = make(trial, "head");
  await trial.warmUp(queue, workers);
  const first = trial.add(queue, head, HEAD_MS, 0);
  const behind = Array.from(
    { length: BEHIND },
    (_, i) => trial.add(queue, "compute", 0.2, i % CPUS),
  );
  const endedUs = await Promise.all(behind.map(({ ended }) => ended));
  await first.ended;
  return { endP50Us: median(endedUs), endMaxUs: Math.max(...endedUs) };
}

/** Two items that have not ended after this time, in ms, are taken to wait for each other. */
const DEADLOCK_MS = 250;

/** Item A waits for what item B does, which is queued after it, on the same core. */
async function aWaitsForB({ make, workers }: Kind): Promise<FigureValues> {
  await using trial = new Trial();
  const queue = make(trial, "deadlock");
  await trial.warmUp(queue, workers);
  let deadlocks = 0;
  const totalUs = await timed(async () => {
    const a = Promise.withResolvers<void>();
    const itemA = new Work("answer", null, {
      onResult: () => a.resolve(),
      onError: (error: WorkError) => error.crashed ? a.resolve() : a.reject(error),
    });
    queueWorkOn(0, queue, itemA);
    // What B does for A: the end of B completes it.
    const b = trial.item("compute", 1, () => sendToWork(itemA, null));
    queueWorkOn(0, queue, b.work);
    const detector = setTimeout(() => {
      deadlocks = 1;
      killWork(itemA, "it waits for an item that is behind it");
    }, DEADLOCK_MS);
    await Promise.all([a.promise, b.ended]).finally(() => clearTimeout(detector));
  });
  return { deadlocks, totalUs };
}

const QUEUES = { quick: 6, full: 12 };

/** Queues with little to do, and the threads that exist because of them. */
async function manyQueues(
  makes: (trial: Trial) => (name: string) => Workqueue,
  isQuick: boolean,
): Promise<FigureValues> {
  await using trial = new Trial();
  const make = makes(trial);
  const totalUs = await timed(async () => {
    const queues = Array.from(
      { length: isQuick ? QUEUES.quick : QUEUES.full },
      (_, i) => make(`queue ${i}`),
    );
    const items = queues.flatMap((queue) =>
      Array.from({ length: CPUS }, (_, cpu) => trial.add(queue, "compute", 0.2, cpu))
    );
    await Promise.all(items.map(({ ended }) => ended));
  });
  return { threads: trial.threads, totalUs };
}

/** The trials of three groups. */
export const OLD_AND_NEW: Pick<
  WorkqueueTrials,
  "blocked head" | "A waits for B" | "many queues"
> = {
  "blocked head": {
    "old, one thread": () => blockedHead(SINGLE),
    "old, a thread per CPU": () => blockedHead(PER_CPU),
    "CMWQ, bound": () => blockedHead(BOUND),
    "CMWQ, unbound": () => blockedHead(UNBOUND),
    "CMWQ, bound, sleep unseen": () => blockedHead(BOUND, "block"),
  },
  "A waits for B": {
    "old, one thread": () => aWaitsForB(SINGLE),
    "old, a thread per CPU": () => aWaitsForB(PER_CPU),
    "CMWQ, bound": () => aWaitsForB(BOUND),
    "CMWQ, unbound": () => aWaitsForB(UNBOUND),
    "CMWQ, max_active 1": () => aWaitsForB(ONE_ACTIVE),
  },
  "many queues": {
    "old, one thread": (isQuick) =>
      manyQueues((trial) => (name) => createSinglethreadWorkqueue(trial, name), isQuick),
    "old, a thread per CPU": (isQuick) =>
      manyQueues((trial) => (name) => createWorkqueue(trial, name), isQuick),
    "CMWQ, bound": (isQuick) =>
      manyQueues((trial) => {
        const pools = trial.pools();
        return (name) => trial.queue(name, { pools });
      }, isQuick),
  },
};
