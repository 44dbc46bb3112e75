/** Worker entry of the trials of lab `workqueue`: items that only take time, or wait for messages. */
import { runWork, type WorkContext } from "../../../servers/workqueue/run_work.ts";
import { sleep } from "../../../system/wait.ts";
import { beginItem, endItem, type Spending } from "./trial_state.ts";

/** Takes its time, and notes in shared memory when it begins and ends. */
function spend({ id, kind, ms }: Spending, { init: state }: WorkContext<Int32Array>) {
  beginItem(state);
  if (kind === "sleep") return sleep(ms).then(() => endItem(state, id));
  if (kind === "block") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  else compute(ms);
  endItem(state, id);
}

function compute(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}

/** Answers each message with the same one, until the message is `null`. */
function answer(_data: null, context: WorkContext<Int32Array>): Promise<void> {
  return new Promise((resolve) => {
    context.onMessage((message) => message === null ? resolve() : context.post(message));
  });
}

runWork<Int32Array>({ spend, answer });
