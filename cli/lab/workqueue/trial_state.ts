/** What the items of a trial note in memory that they share: how many run, and how they ended. */

/** An item that takes `ms`: asleep, which the workqueue sees, blocked, which it does not, or busy. */
export interface Spending {
  id: number;
  kind: "sleep" | "block" | "compute";
  ms: number;
}

const RUNNING = 0;
const MOST = 1;
const ENDED = 2;
/** From here on: the ids of the items, in the order in which they ended. */
const ORDER = 3;

/** The most items of one trial. */
const MAX_ITEMS = 1000;

/** Memory for a trial. */
export function newState(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(4 * (ORDER + MAX_ITEMS)));
}

/** An item begins. */
export function beginItem(state: Int32Array): void {
  const running = Atomics.add(state, RUNNING, 1) + 1;
  for (;;) {
    const most = Atomics.load(state, MOST);
    if (running <= most || Atomics.compareExchange(state, MOST, most, running) === most) return;
  }
}

/** Item `id` ends. */
export function endItem(state: Int32Array, id: number): void {
  Atomics.store(state, ORDER + Atomics.add(state, ENDED, 1), id);
  Atomics.sub(state, RUNNING, 1);
}

/** The largest number of items that ran at the same time. */
export function mostAtOnce(state: Int32Array): number {
  return Atomics.load(state, MOST);
}

/** How many items ended after one that was queued later: ids are given in the order of queueing. */
export function outOfOrder(state: Int32Array): number {
  const ids = state.subarray(ORDER, ORDER + Atomics.load(state, ENDED));
  let latest = -1;
  let count = 0;
  for (const id of ids) {
    if (id < latest) count++;
    latest = Math.max(latest, id);
  }
  return count;
}
