/** The conclusions of lab `workqueue`, from figures that are given. */
import assert from "node:assert/strict";
import type { FigureValues } from "../../../bench/lab/figures.ts";
import type { LabContext } from "../../../bench/lab/lab.ts";
import { workqueue } from "../../../bench/lab/workqueue.ts";
import { WORKQUEUE_TRIALS } from "../../../bench/lab/workqueue_trials.ts";

/** Figures by group and variant; a trial without any is given none. */
type Given = Record<string, Record<string, FigureValues>>;

/** Runs the lab on trials that take no time. @returns its conclusion, in one line */
async function conclusionOf(given: Given): Promise<string> {
  const trials = Object.fromEntries(
    Object.entries(WORKQUEUE_TRIALS).map(([group, labels]) => [
      group,
      Object.fromEntries(labels.map((label) => [
        label,
        () => Promise.resolve(given[group]?.[label] ?? {}),
      ])),
    ]),
  );
  const context = {
    isQuick: true,
    rounds: 2,
    signal: new AbortController().signal,
    onProgress: () => {},
    host: { workqueue: trials },
    models: [],
    targets: [],
  } as unknown as LabContext;
  const { variants, findings } = await workqueue.run(context);
  const count = Object.values(WORKQUEUE_TRIALS).reduce((sum, labels) => sum + labels.length, 0);
  assert.equal(variants.length, count);
  return findings.map(({ text }) => text).join(" ");
}

Deno.test("workqueue: says nothing about what was not measured", async () => {
  assert.equal(await conclusionOf({}), "");
});

Deno.test("workqueue: names the queues that came to a deadlock, and those that did not", async () => {
  const text = await conclusionOf({
    "A waits for B": {
      "old, one thread": { deadlocks: 1 },
      "CMWQ, bound": { deadlocks: 0 },
      "CMWQ, max_active 1": { deadlocks: 1 },
    },
  });
  assert.match(text, /a deadlock with 'old, one thread', 'CMWQ, max_active 1'; none with 'CMWQ,/);
});

const CASES: [name: string, given: Given, said: RegExp][] = [
  [
    "a blocked head, from the longest wait",
    {
      "blocked head": {
        "old, a thread per CPU": { endP50Us: 900, endMaxUs: 100_000 },
        "CMWQ, bound": { endP50Us: 900, endMaxUs: 4000 },
      },
    },
    /100 ms with old, a thread per CPU.* 4\.00 ms with CMWQ, bound: 25 times as much\. An old/,
  ],
  [
    "a blocked head that CMWQ does not help, without the reason why it would",
    {
      "blocked head": {
        "old, a thread per CPU": { endMaxUs: 100_000 },
        "CMWQ, bound": { endMaxUs: 100_000 },
      },
    },
    /about equal \(within 10%\)\.$/,
  ],
  [
    "threads of many queues",
    {
      "many queues": {
        "old, one thread": { threads: 6 },
        "old, a thread per CPU": { threads: 12 },
        "CMWQ, bound": { threads: 2 },
      },
    },
    /6 with 'old, one thread', 12 with 'old, a thread per CPU', 2 with 'CMWQ, bound'/,
  ],
  [
    "what each call waits for",
    {
      "waiting for the end": {
        "flush_work": { itemsEnded: 3, itemsLeft: 16 },
        "flush_workqueue": { itemsEnded: 10, itemsLeft: 9 },
        "drain_workqueue": { itemsEnded: 12, itemsLeft: 2 },
        "destroy_workqueue": { itemsEnded: 14, itemsLeft: 0 },
      },
    },
    /3 items have ended \(flush_work.* 10 \(flush.* 12 \(drain.* 14 \(destroy.* 0 are left\)/,
  ],
];

for (const [name, given, said] of CASES) {
  Deno.test(`workqueue: concludes on ${name}`, async () => {
    assert.match(await conclusionOf(given), said);
  });
}
