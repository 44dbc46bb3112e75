/** Trials of the calls that wait for items, delay them or take them back, and of what calls cost. */
import type { FigureValues } from "../../../bench/lab/figures.ts";
import type { WorkqueueTrials } from "../../../bench/lab/workqueue_trials.ts";
import { median } from "../../../bench/stats/spread.ts";
import {
  allocOrderedWorkqueue,
  callWork,
  cancelDelayedWork,
  cancelWork,
  cancelWorkSync,
  destroyWorkqueue,
  drainWorkqueue,
  flushWork,
  flushWorkqueue,
  freezeWorkqueues,
  killWork,
  modDelayedWork,
  queueDelayedWork,
  queueWork,
  sendToWork,
  thawWorkqueues,
  Work,
  type WorkError,
  type Workqueue,
  WQ_FREEZABLE,
  WQ_UNBOUND,
} from "../../../servers/workqueue/mod.ts";
import { sleep } from "../../../system/wait.ts";
import { type Item, timed, Trial } from "./trial.ts";

const BEFORE = 10;
const AFTER = 5;
const CHAINED = 2;
const DELAYED = 2;
const ITEM_MS = 5;
/** Longer than all items together. */
const FAR_MS = 5000;

/** An ordered queue of items; `call` waits for their end while others are queued. */
async function waitForEnd(
  call: (queue: Workqueue, items: Item[]) => Promise<unknown>,
): Promise<FigureValues> {
  await using trial = new Trial();
  const queue = trial.adopt(allocOrderedWorkqueue("ending", { pools: trial.pools() }));
  await trial.warmUp(queue, 1);
  let itemsEnded = 0;
  let refused = 0;
  let chained = 0;
  const counted = (onEnd = () => {}) =>
    trial.item("sleep", ITEM_MS, () => {
      itemsEnded++;
      onEnd();
    });
  /** The last item queues another one when it has ended, which does the same. */
  const chain = () => {
    if (chained++ < CHAINED) queueWork(queue, counted(chain).work);
  };
  const items = Array.from(
    { length: BEFORE },
    (_, i) => counted(i === BEFORE - 1 ? chain : undefined),
  );
  for (const { work } of items) queueWork(queue, work);
  const delayed = Array.from({ length: DELAYED }, () => counted());
  for (const { work } of delayed) queueDelayedWork(queue, work, FAR_MS);
  const isOver = timed(() => call(queue, items));
  for (let i = 0; i < AFTER; i++) {
    try {
      queueWork(queue, counted().work);
    } catch {
      // The queue drains.
      refused++;
    }
  }
  const totalUs = await isOver;
  const endedByThen = itemsEnded;
  // They never ran, unless the queue was destroyed.
  for (const { work } of delayed) cancelDelayedWork(work);
  const all = BEFORE + AFTER - refused + CHAINED + DELAYED;
  return { totalUs, itemsEnded: endedByThen, refused, itemsLeft: all - endedByThen };
}

const DELAY_MS = 20;

/** An item's delay as measured. `delay` queues the item. */
async function delayed(delay: (queue: Workqueue, work: Work) => void): Promise<FigureValues> {
  await using trial = new Trial();
  const queue = trial.queue("delayed", { flags: WQ_UNBOUND, pools: trial.pools() });
  await trial.warmUp(queue, 1);
  const { work, ended } = trial.item("compute", 0.2);
  delay(queue, work);
  return { totalUs: await ended, itemsEnded: 1, itemsLeft: 0 };
}

/** An ordered queue with an item that sleeps and others that wait; `call` cancels some of them. */
async function takenBack(
  call: (items: Item[], queue: Workqueue) => Promise<unknown> | unknown,
): Promise<FigureValues> {
  await using trial = new Trial();
  const queue = trial.adopt(allocOrderedWorkqueue("taken back", { pools: trial.pools() }));
  await trial.warmUp(queue, 1);
  let itemsEnded = 0;
  const items = Array.from(
    { length: BEFORE },
    (_, i) => trial.item("sleep", i === 0 ? DELAY_MS : ITEM_MS, () => itemsEnded++),
  );
  for (const { work } of items) queueWork(queue, work);
  // The first one has begun by then.
  await sleep(ITEM_MS);
  const totalUs = await timed(async () => await call(items, queue));
  await flushWorkqueue(queue);
  return { totalUs, itemsEnded, itemsLeft: BEFORE - itemsEnded };
}

/** A delayed item that is never to run. */
async function cancelled(): Promise<FigureValues> {
  await using trial = new Trial();
  const queue = trial.queue("cancelled", { pools: trial.pools() });
  await trial.warmUp(queue, 1);
  let itemsEnded = 0;
  const { work } = trial.item("compute", 0.2, () => itemsEnded++);
  queueDelayedWork(queue, work, DELAY_MS);
  const totalUs = await timed(() => Promise.resolve(cancelDelayedWork(work)));
  await sleep(2 * DELAY_MS);
  return { totalUs, itemsEnded, itemsLeft: 1 - itemsEnded };
}

/** A queue that is frozen: what is active ends, the rest waits until it is thawed. */
async function frozen(): Promise<FigureValues> {
  await using trial = new Trial();
  const flags = WQ_UNBOUND | WQ_FREEZABLE;
  const queue = trial.queue("frozen", { flags, maxActive: 1, pools: trial.pools() });
  await trial.warmUp(queue, 1);
  let itemsEnded = 0;
  for (let i = 0; i < BEFORE; i++) {
    queueWork(queue, trial.item("sleep", DELAY_MS, () => itemsEnded++).work);
  }
  await sleep(ITEM_MS);
  try {
    const totalUs = await timed(freezeWorkqueues);
    // Long enough for another one, if the queue went on.
    await sleep(2 * DELAY_MS);
    return { totalUs, itemsEnded, itemsLeft: BEFORE - itemsEnded };
  } finally {
    thawWorkqueues();
  }
}

/** An item that never ends by itself, and the ones that wait for its Worker. */
async function killed(): Promise<FigureValues> {
  await using trial = new Trial();
  const pools = trial.pools({ maxWorkers: 1 });
  const queue = trial.queue("killed", { flags: WQ_UNBOUND, pools });
  await trial.warmUp(queue, 1);
  const failed = Promise.withResolvers<WorkError>();
  const endless = new Work("answer", null, { onError: failed.resolve });
  queueWork(queue, endless);
  const behind = Array.from({ length: BEFORE }, () => trial.add(queue, "compute", 0.2));
  await sleep(ITEM_MS);
  const totalUs = await timed(() => {
    if (!killWork(endless, "it never ends")) throw new Error("the item that never ends has ended");
    return failed.promise;
  });
  await Promise.all(behind.map(({ ended }) => ended));
  return { totalUs, itemsEnded: behind.length, itemsLeft: 0 };
}

const CALLS = { quick: 200, full: 1000 };

/** Items that do nothing, one after the other. */
async function callPrice(flags: number, isQuick: boolean): Promise<FigureValues> {
  await using trial = new Trial();
  const queue = trial.queue("price", { flags, pools: trial.pools() });
  await trial.warmUp(queue, 1);
  const item = { id: 0, kind: "compute", ms: 0 };
  return await roundTrips(isQuick, () => callWork<void>(queue, "spend", item));
}

/** Messages to an item that runs, each of which it answers. */
async function messagePrice(isQuick: boolean): Promise<FigureValues> {
  await using trial = new Trial();
  const queue = trial.queue("messages", { flags: WQ_UNBOUND, pools: trial.pools() });
  let answered = () => {};
  const failed = Promise.withResolvers<never>();
  const work = new Work("answer", null, {
    onMessage: () => answered(),
    onError: failed.reject,
  });
  queueWork(queue, work);
  const ask = () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    answered = resolve;
    sendToWork(work, "?");
    return Promise.race([promise, failed.promise]);
  };
  // Waits until the Worker has started.
  await ask();
  const figures = await roundTrips(isQuick, ask);
  sendToWork(work, null);
  return figures;
}

async function roundTrips(isQuick: boolean, ask: () => Promise<void>): Promise<FigureValues> {
  const times: number[] = [];
  for (let i = isQuick ? CALLS.quick : CALLS.full; i > 0; i--) times.push(await timed(ask));
  return { roundTripUs: median(times) };
}

/** The trials of three groups. */
export const CALLS_OF_THE_API: Pick<
  WorkqueueTrials,
  "waiting for the end" | "delay and cancel" | "price"
> = {
  "waiting for the end": {
    "flush_work": () => waitForEnd((_queue, items) => flushWork(items[2].work)),
    "flush_workqueue": () => waitForEnd(flushWorkqueue),
    "drain_workqueue": () => waitForEnd(drainWorkqueue),
    "destroy_workqueue": () => waitForEnd(destroyWorkqueue),
  },
  "delay and cancel": {
    "queue_delayed_work": () => delayed((queue, work) => queueDelayedWork(queue, work, DELAY_MS)),
    "mod_delayed_work": () =>
      delayed((queue, work) => {
        queueDelayedWork(queue, work, FAR_MS);
        modDelayedWork(queue, work, DELAY_MS);
      }),
    "cancel_delayed_work": cancelled,
    "cancel_work": () =>
      takenBack((items) => items.slice(1).forEach(({ work }) => cancelWork(work))),
    "cancel_work_sync": () => takenBack(([first]) => cancelWorkSync(first.work)),
    "freeze_workqueues": frozen,
    "killWork": killed,
  },
  "price": {
    "callWork, bound": (isQuick) => callPrice(0, isQuick),
    "callWork, unbound": (isQuick) => callPrice(WQ_UNBOUND, isQuick),
    "sendToWork": messagePrice,
  },
};
