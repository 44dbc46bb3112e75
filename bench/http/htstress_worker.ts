/** Worker entry of an HTTP load: gets its plan, warms up, waits for "go", runs, reports. */
import { messageOf } from "../../system/message_of.ts";
import type { ThreadMessage, ThreadPlan } from "./plan.ts";
import { LoadThread } from "./load_thread.ts";

interface Scope {
  onmessage: ((event: MessageEvent<ThreadPlan | "go">) => void) | null;
  postMessage(message: ThreadMessage, transfer?: Transferable[]): void;
}

const scope = globalThis as unknown as Scope;
let thread: LoadThread;

/** Does one step; an error becomes a message. */
async function attempt(step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    scope.postMessage({
      kind: "failed",
      message: messageOf(error),
    });
  }
}

async function prepare(plan: ThreadPlan): Promise<void> {
  thread = await LoadThread.create(plan, (message) => scope.postMessage(message));
  await thread.warmUp();
  scope.postMessage({ kind: "ready" });
}

async function run(): Promise<void> {
  const report = await thread.run();
  const histograms = [report.connect, report.ttfb, report.latency, report.late];
  scope.postMessage({ kind: "done", report }, histograms.map((bytes) => bytes.buffer));
}

scope.onmessage = ({ data }) => {
  attempt(data === "go" ? run : () => prepare(data));
};
