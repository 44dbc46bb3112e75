/** What the owner and the Workers of model `per-core` say to each other: plain data. */
import type { Counters } from "../../net/counters.ts";
import type { ThreadMemory } from "../memory_budget.ts";
import type { ServerOptions } from "../options.ts";

/** What a Worker's item is given. */
export interface CpuServerData {
  options: ServerOptions;
  memory: ThreadMemory;
  /** Open connections by Worker, and this one's place. */
  counts: Int32Array<SharedArrayBuffer>;
  index: number;
}

/** What the owner tells a running item. */
export type CpuServerCommand = { kind: "report" } | { kind: "stop"; graceMs: number };

/** What it tells the owner. */
export type CpuServerMessage =
  | { kind: "listening"; address: string }
  /** Peers whose sockets should be closed by now: a Worker has no permission to do it. */
  | { kind: "overdue"; port: number; peers: Set<string> }
  | { kind: "report"; counters: Counters };

/** What it returns. */
export interface CpuServerResult {
  counters: Counters;
  /** Connections that were cut off. */
  cut: number;
}
