/** What the engines that block their thread have in common. */
import type { Engine } from "../../engine.ts";
import type { CallCounts } from "./call_counts.ts";
import type { EventLoop } from "./event_loop.ts";

/** An engine whose loop blocks its thread. */
export interface LoopEngine extends Engine {
  readonly loop: EventLoop;
  readonly counts: CallCounts;
  /** Releases everything, once the loop has ended. */
  close(): void;
}
