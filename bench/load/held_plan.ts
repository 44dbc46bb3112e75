/** What a thread that holds connections is told, and what it says. Plain data: it is posted. */
import type { HeldOptions } from "./held_connections.ts";

/** What is held. */
export interface HeldPlan {
  target: { hostname: string; port: number };
  /** Connections that send nothing. */
  silent: number;
  /** Connections that send a little again and again. */
  slow: Required<Pick<HeldOptions, "count" | "sends">>;
}

/** What the Worker is told first; then it is told to end. */
export interface HeldTask extends HeldPlan {
  /** Memory of the counters. */
  shared: SharedArrayBuffer;
}

/** What the Worker says. */
export type HeldAnswer =
  /** Why connections could not be opened. */
  | { kind: "failed"; message: string }
  | { kind: "ended" };
