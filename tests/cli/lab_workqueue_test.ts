/** The trials of lab `workqueue`, carried out: what they find does not depend on the machine. */
import assert from "node:assert/strict";
import * as workqueue from "../../servers/workqueue/mod.ts";
import { outOfOrder } from "../../cli/lab/workqueue/trial_state.ts";
import { beginItem, endItem, mostAtOnce, newState } from "../../cli/lab/workqueue/trial_state.ts";
import { workqueueTrials } from "../../cli/lab/workqueue/trials.ts";
import type { FigureValues } from "../../bench/lab/figures.ts";

/** The figures of `trial` whose values are whole numbers, with the others left out. */
async function countsOf(trial: (isQuick: boolean) => Promise<FigureValues>) {
  const figures = await trial(true);
  return Object.fromEntries(Object.entries(figures).filter(([key]) => !key.endsWith("Us")));
}

Deno.test("the trials make each call of the workqueue", () => {
  const folder = new URL("../../cli/lab/workqueue/", import.meta.url);
  const text = [...Deno.readDirSync(folder)]
    .map(({ name }) =>
      Deno.readTextFileSync(new URL(name, folder))
        .replace(/^import[\s\S]*?from ".*";$/gm, "")
    )
    .join("\n");
  const names = Object.entries(workqueue).filter(([, value]) => typeof value === "function")
    .map(([name]) => name);
  assert.ok(names.length > 15, names.join());
  // Also handed over as a value, as `map(destroyWorkqueue)`.
  const missing = names.filter((name) => !new RegExp(`\\b${name}\\b`).test(text));
  assert.deepEqual(missing, []);
  const flags = Object.keys(workqueue).filter((name) =>
    /^WQ_(?!FLAGS|MAX_ACTIVE|DFL_ACTIVE)/.test(name)
  );
  assert.deepEqual(flags.filter((name) => !text.includes(name)), []);
});

Deno.test("A waits for B: a deadlock wherever one item runs at a time, and only there", async () => {
  const found: Record<string, unknown> = {};
  for (const [label, trial] of Object.entries(workqueueTrials["A waits for B"])) {
    found[label] = (await countsOf(trial)).deadlocks;
  }
  assert.deepEqual(found, {
    "old, one thread": 1,
    "old, a thread per CPU": 1,
    "CMWQ, bound": 0,
    "CMWQ, unbound": 0,
    "CMWQ, max_active 1": 1,
  });
});

Deno.test("many queues: the old ones have threads of their own", async () => {
  const trials = workqueueTrials["many queues"];
  assert.equal((await countsOf(trials["old, one thread"])).threads, 6);
  assert.equal((await countsOf(trials["old, a thread per CPU"])).threads, 12);
  const { threads } = await countsOf(trials["CMWQ, bound"]);
  assert.ok(threads >= 2 && threads <= 4, `${threads}`);
});

Deno.test("blocked head: an old queue waits for it", async () => {
  const { endMaxUs } = await workqueueTrials["blocked head"]["old, a thread per CPU"](true);
  assert.ok(endMaxUs! >= 95_000, `${endMaxUs}`);
});

Deno.test("max_active and order bound what runs at the same time", async () => {
  const active = workqueueTrials.max_active;
  assert.equal((await countsOf(active["max_active 1"])).mostAtOnce, 1);
  assert.equal((await countsOf(active["max_active 4"])).mostAtOnce, 4);
  assert.deepEqual(await countsOf(workqueueTrials.order["ordered queue"]), {
    mostAtOnce: 1,
    outOfOrder: 0,
  });
});

Deno.test("WQ_MEM_RECLAIM: the rescuer runs what has no Worker", async () => {
  const trials = workqueueTrials["no Worker to be had"];
  assert.deepEqual(await countsOf(trials["flags 0"]), { rescued: 0 });
  assert.ok((await countsOf(trials.WQ_MEM_RECLAIM)).rescued >= 1);
});

Deno.test("each call waits for what it says, and no more", async () => {
  const trials = workqueueTrials["waiting for the end"];
  const one = await countsOf(trials.flush_work);
  assert.ok(one.itemsEnded >= 3 && one.itemsEnded < 10, `${one.itemsEnded}`);
  const flushed = await countsOf(trials.flush_workqueue);
  assert.ok(flushed.itemsEnded >= 10 && flushed.itemsLeft > 0, JSON.stringify(flushed));
  assert.equal(flushed.refused, 0);
  const drained = { itemsEnded: 12, refused: 5, itemsLeft: 2 };
  assert.deepEqual(await countsOf(trials.drain_workqueue), drained);
  const destroyed = { itemsEnded: 14, refused: 5, itemsLeft: 0 };
  assert.deepEqual(await countsOf(trials.destroy_workqueue), destroyed);
});

Deno.test("items are delayed, taken back, frozen and killed", async () => {
  const trials = workqueueTrials["delay and cancel"];
  const { totalUs } = await trials.mod_delayed_work(true);
  // The first delay is 5 s.
  assert.ok(totalUs! >= 19_000 && totalUs! < 4_000_000, `${totalUs}`);
  assert.deepEqual(await countsOf(trials.cancel_delayed_work), { itemsEnded: 0, itemsLeft: 1 });
  assert.deepEqual(await countsOf(trials.cancel_work), { itemsEnded: 1, itemsLeft: 9 });
  assert.deepEqual(await countsOf(trials.freeze_workqueues), { itemsEnded: 1, itemsLeft: 9 });
  assert.deepEqual(await countsOf(trials.killWork), { itemsEnded: 10, itemsLeft: 0 });
});

Deno.test("the state of a trial: how many at once, and in which order", () => {
  const state = newState();
  beginItem(state);
  beginItem(state);
  endItem(state, 1);
  beginItem(state);
  endItem(state, 0);
  endItem(state, 2);
  assert.equal(mostAtOnce(state), 2);
  assert.equal(outOfOrder(state), 1);
});
