/** Worker entry: holds silent and slow connections until it is told to end. */
import { HeldConnections, HeldCounters } from "./held_connections.ts";
import type { HeldAnswer, HeldTask } from "./held_plan.ts";

const worker = self as unknown as Worker;
let held: HeldConnections[] = [];

worker.onmessage = async ({ data }: MessageEvent<HeldTask | "end">) => {
  if (data === "end") {
    await Promise.all(held.map((some) => some.end()));
    return answer({ kind: "ended" });
  }
  const { target, silent, slow, shared } = data;
  const counters = new HeldCounters(shared);
  held = [
    new HeldConnections(target, { count: silent, counters }),
    new HeldConnections(target, { ...slow, counters }),
  ];
  for (const some of held) {
    some.opened.then(() => {
      if (some.failure) answer({ kind: "failed", message: some.failure.message });
    });
  }
};

function answer(message: HeldAnswer): void {
  worker.postMessage(message);
}
