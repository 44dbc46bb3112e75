/** Messages to and from a thread that holds connections. Plain data. */
import type { HeldOptions } from "./held_connections.ts";

/** The connections to hold. */
export interface HeldPlan {
  target: { hostname: string; port: number };
  /** Connections that send nothing. */
  silent: number;
  /** Connections that send a little at intervals. */
  slow: Required<Pick<HeldOptions, "count" | "sends">>;
}

/** The first message to the Worker; the second is `"end"`. */
export interface HeldTask extends HeldPlan {
  /** Memory of the counters. */
  shared: SharedArrayBuffer;
}

/** The Worker's messages. */
export type HeldAnswer =
  /** Why connections could not be opened. */
  | { kind: "failed"; message: string }
  | { kind: "ended" };
