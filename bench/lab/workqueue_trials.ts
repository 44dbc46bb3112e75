/**
 * The trials of lab `workqueue`, by group and variant. The workqueue belongs to the servers, which
 * experiments may not import, so the command line carries out the trials that this table lists.
 */
import type { FigureValues } from "./figures.ts";

/** Variants that occur in several groups. */
const SINGLE = "old, one thread";
const PER_CPU = "old, a thread per CPU";
const BOUND = "CMWQ, bound";
const UNBOUND = "CMWQ, unbound";

/** The variants of each group. */
export const WORKQUEUE_TRIALS = {
  "blocked head": [SINGLE, PER_CPU, BOUND, UNBOUND, "CMWQ, bound, sleep unseen"],
  "A waits for B": [SINGLE, PER_CPU, BOUND, UNBOUND, "CMWQ, max_active 1"],
  "many queues": [SINGLE, PER_CPU, BOUND],
  "max_active": ["max_active 1", "max_active 4", "max_active 8"],
  "order": ["ordered queue", "unbound queue"],
  "urgent item": ["same queue", "WQ_HIGHPRI"],
  "beside a long computation": ["flags 0, not noticed", "flags 0", "WQ_CPU_INTENSIVE"],
  "no Worker to be had": ["flags 0", "WQ_MEM_RECLAIM"],
  "waiting for the end": ["flush_work", "flush_workqueue", "drain_workqueue", "destroy_workqueue"],
  "delay and cancel": [
    "queue_delayed_work",
    "mod_delayed_work",
    "cancel_delayed_work",
    "cancel_work",
    "cancel_work_sync",
    "freeze_workqueues",
    "killWork",
  ],
  "price": ["callWork, bound", "callWork, unbound", "sendToWork"],
} as const;

/** The name of a group. */
export type TrialGroup = keyof typeof WORKQUEUE_TRIALS;

/** The variants of a group. */
export type TrialLabel<Group extends TrialGroup> = typeof WORKQUEUE_TRIALS[Group][number];

/** Carries out a trial; `isQuick` asks for fewer items. @throws when an item fails unexpectedly */
export type Trial = (isQuick: boolean) => Promise<FigureValues>;

/** All trials. */
export type WorkqueueTrials = {
  readonly [Group in TrialGroup]: Readonly<Record<TrialLabel<Group>, Trial>>;
};
