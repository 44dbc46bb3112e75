/** The trials of lab `workqueue`, over the workqueue of ktcp's servers. */
import type { WorkqueueTrials } from "../../../bench/lab/workqueue_trials.ts";
import { CALLS_OF_THE_API } from "./calls.ts";
import { FLAGS } from "./flags.ts";
import { OLD_AND_NEW } from "./old_and_new.ts";

/** All of them. */
export const workqueueTrials: WorkqueueTrials = { ...OLD_AND_NEW, ...FLAGS, ...CALLS_OF_THE_API };
