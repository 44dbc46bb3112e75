/** Lab `workqueue`: what CMWQ fixed in the kernel's workqueues, and what each setting does. */
import { formatCount, formatLatency } from "../../system/units.ts";
import type { FigureKey } from "./figures.ts";
import type { Lab } from "./lab.ts";
import { measure, type VariantResult, type VariantSpec } from "./measure.ts";
import { type Finding, finding } from "./verdict.ts";
import {
  type Trial,
  type TrialGroup,
  type TrialLabel,
  WORKQUEUE_TRIALS,
  type WorkqueueTrials,
} from "./workqueue_trials.ts";

const HEAD = "blocked head";
const DEADLOCK = "A waits for B";
const QUEUES = "many queues";
const LONG = "beside a long computation";
const STARVED = "no Worker to be had";
const ENDING = "waiting for the end";
const TAKEN = "delay and cancel";

export const workqueue: Lab = {
  name: "workqueue",
  question: "What did CMWQ repair in the old workqueues, and what does each setting do?",
  seconds: { quick: 20, full: 61 },
  takes: [],
  async run(context) {
    const variants = await measure(specsOf(context.host.workqueue, context.isQuick), context);
    return {
      setup: [
        "Items that sleep, block or compute, on the workqueue of ktcp's servers, with pools for " +
        "two cores. The old queues are the same code with threads of their own: one for the queue, " +
        "or one for each CPU, which take the next item when the one before has ended.",
        `'${HEAD}': an item sleeps for 100 ms, and 20 short ones are queued behind it, in turn on ` +
        `both cores. '${DEADLOCK}': item A waits for what item B does, which is queued after it; ` +
        "after 250 ms a detector kills A.",
        "'max_active' and 'order': items that sleep, those of 'order' each shorter than the one " +
        `before. 'urgent item': 5 items behind 40 of 2 ms. '${LONG}': 10 short items while another ` +
        "queue's item computes for 60 ms.",
        `'${STARVED}': the only Worker is busy for 150 ms, and no descriptor is left for another. ` +
        `'${ENDING}': 10 items of 5 ms of which the last queues another one, which queues another ` +
        "one; 5 more are queued right after the call, and 2 are delayed by 5 s. 'price': the " +
        "median of many calls.",
      ],
      variants,
      drawings: [
        {
          kind: "bars",
          title: "How long short items waited for an item before them",
          figure: "endMaxUs",
          groups: [HEAD, LONG],
        },
        { kind: "bars", title: "Threads of some queues", figure: "threads", groups: [QUEUES] },
        {
          kind: "bars",
          title: "Time for items that sleep, by max_active",
          figure: "totalUs",
          groups: ["max_active"],
        },
      ],
      findings: conclude(variants),
    };
  },
};

function specsOf(trials: WorkqueueTrials, isQuick: boolean): VariantSpec[] {
  return (Object.keys(WORKQUEUE_TRIALS) as TrialGroup[]).flatMap((group) =>
    WORKQUEUE_TRIALS[group].map((label) => {
      const trial = (trials[group] as Record<string, Trial>)[label];
      return { group, label, run: async () => ({ figures: await trial(isQuick), failed: 0 }) };
    })
  );
}

function conclude(variants: VariantResult[]): Finding[] {
  const find = <Group extends TrialGroup>(group: Group, label: TrialLabel<Group>) =>
    variants.find((v) => v.group === group && v.label === label && v.samples.length > 0);
  const old = find(HEAD, "old, a thread per CPU");
  const bound = find(HEAD, "CMWQ, bound");
  return [
    ...finding(old, bound, "endMaxUs", {
      meaning: {
        higher:
          "An old thread ran one item to its end. CMWQ sees that the head sleeps, and starts " +
          "the next item beside it.",
      },
    }),
    ...finding(find(HEAD, "CMWQ, bound, sleep unseen"), bound, "endMaxUs", {
      meaning: {
        higher: "Here a sleep that is no promise cannot be told from computing, until the " +
          "watchdog looks (every 10 ms). The kernel's scheduler sees every sleep.",
      },
    }),
    ...deadlocks(variants.filter(({ group }) => group === DEADLOCK)),
    ...threads(variants.filter(({ group }) => group === QUEUES)),
    ...finding(find("max_active", "max_active 1"), find("max_active", "max_active 8"), "totalUs", {
      meaning: { higher: "max_active is how many items of a queue sleep at the same time." },
    }),
    ...sentence(
      [find("order", "ordered queue"), find("order", "unbound queue")],
      [
        "outOfOrder",
        "totalUs",
      ],
      (ordered, unbound) =>
        `Order: ${formatCount(ordered.outOfOrder)} items ended out of order on the ordered queue ` +
        `(${formatLatency(ordered.totalUs)}), ${
          formatCount(unbound.outOfOrder)
        } on the unbound one ` +
        `(${formatLatency(unbound.totalUs)}): the order of items has its price in time.`,
    ),
    ...finding(find("urgent item", "same queue"), find("urgent item", "WQ_HIGHPRI"), "endMaxUs", {
      meaning: {
        higher:
          "A pool of its own is what helps: its Workers have no higher priority here, while " +
          "the kernel's have a nice value of -20.",
      },
    }),
    ...finding(find(LONG, "flags 0, not noticed"), find(LONG, "flags 0"), "endMaxUs", {
      meaning: {
        higher:
          "Since Linux 6.5 an item that computes for 10 ms counts no more, and others start " +
          "beside it.",
      },
    }),
    ...finding(find(LONG, "flags 0"), find(LONG, "WQ_CPU_INTENSIVE"), "endMaxUs", {
      meaning: { higher: "With the flag it never counts, so the others need not wait for that." },
    }),
    ...finding(find(STARVED, "flags 0"), find(STARVED, "WQ_MEM_RECLAIM"), "endMaxUs", {
      meaning: {
        higher: "The rescuer, a Worker that was created with the queue, runs the items when no " +
          "other can be created.",
      },
    }),
    ...sentence(
      [
        find(ENDING, "flush_work"),
        find(ENDING, "flush_workqueue"),
        find(ENDING, "drain_workqueue"),
        find(ENDING, "destroy_workqueue"),
      ],
      ["itemsEnded", "itemsLeft"],
      (work, queue, drain, destroy) =>
        `When they return, ${work.itemsEnded} items have ended (flush_work of the third), ` +
        `${queue.itemsEnded} (flush_workqueue: all that were queued before it), ` +
        `${drain.itemsEnded} (drain_workqueue: also those that they queued), ` +
        `${destroy.itemsEnded} (destroy_workqueue: also delayed ones, at once; ` +
        `${destroy.itemsLeft} are left).`,
    ),
    ...sentence(
      [find(TAKEN, "cancel_work"), find(TAKEN, "cancel_work_sync"), find(TAKEN, "killWork")],
      ["totalUs", "itemsLeft"],
      (cancel, sync, kill) =>
        `Taking back ${cancel.itemsLeft} items that wait takes ${formatLatency(cancel.totalUs)}; ` +
        `cancel_work_sync waits ${
          formatLatency(sync.totalUs)
        } for one that runs, for it cannot be ` +
        `interrupted. killWork, which the kernel has not, ends it with its Worker in ` +
        `${formatLatency(kill.totalUs)}.`,
    ),
    ...sentence(
      [find("price", "callWork, unbound"), find("price", "sendToWork")],
      [
        "roundTripUs",
      ],
      (call, message) =>
        `An item costs ${formatLatency(call.roundTripUs)} there and back, a message to one that ` +
        `runs ${
          formatLatency(message.roundTripUs)
        }: work that takes less is done sooner where it ` +
        `came up.`,
    ),
  ];
}

/** Which kinds of queue deadlocked on A and B. */
function deadlocks(variants: VariantResult[]): Finding[] {
  const measured = variants.filter(({ spreads }) => spreads.deadlocks !== undefined);
  if (measured.length === 0) return [];
  const labels = (isStuck: boolean) =>
    measured.filter(({ spreads }) => spreads.deadlocks!.high > 0 === isStuck)
      .map(({ label }) => `'${label}'`).join(", ") || "none";
  return [{
    text:
      `${DEADLOCK}: a deadlock with ${labels(true)}; none with ${labels(false)}. Whoever runs ` +
      "one item at a time never comes to B, and that is what max_active 1 asks for.",
    about: `${DEADLOCK}: deadlocks`,
  }];
}

function threads(variants: VariantResult[]): Finding[] {
  const counts = variants.flatMap(({ label, spreads }) =>
    spreads.threads ? [`${formatCount(spreads.threads.median)} with '${label}'`] : []
  );
  if (counts.length === 0) return [];
  return [{
    text:
      `${QUEUES}, threads: ${
        counts.join(", ")
      }. Old queues brought threads of their own, whether they ` +
      "had work or not; 32,768 process numbers were once used up by that. With CMWQ queues " +
      "share the pools, and the threads are as many as the work needs.",
    about: `${QUEUES}: threads`,
  }];
}

/** A sentence from the medians of `keys`, unless one was not measured. */
function sentence<const Key extends FigureKey>(
  variants: readonly (VariantResult | undefined)[],
  keys: readonly Key[],
  write: (...figures: Record<Key, number>[]) => string,
): Finding[] {
  const figures = variants.map((variant) =>
    Object.fromEntries(
      keys.flatMap((key) => {
        const spread = variant?.spreads[key];
        return spread ? [[key, spread.median]] : [];
      }),
    ) as Record<Key, number>
  );
  const isMeasured = figures.every((one) => Object.keys(one).length === keys.length);
  return isMeasured ? [{ text: write(...figures) }] : [];
}
