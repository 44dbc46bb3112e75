/** What the owner and the Workers of model `per-core` say to each other: plain data. */
import type { Certificate } from "../../net/listen_options.ts";
import type { ThreadMemory } from "../memory_budget.ts";
import type { LoopShare } from "../loop_server.ts";
import type { ServerOptions } from "../options.ts";
import type { ReportShare, ServerReport } from "./report_cell.ts";

/** What a Worker's item is given. */
export interface CpuServerData {
  options: ServerOptions;
  memory: ThreadMemory;
  /** Open connections by Worker, and this one's place. */
  counts: Int32Array<SharedArrayBuffer>;
  index: number;
  /** Where it answers what the owner asks. */
  report: ReportShare;
  /** For an engine that blocks its thread. */
  loop?: LoopShare;
}

/** What the owner tells a running item. */
export type CpuServerCommand =
  | { kind: "renew"; certificate: Certificate }
  | { kind: "stop"; graceMs: number };

/** What it tells the owner. */
export type CpuServerMessage =
  | { kind: "listening"; address: string }
  /** Peers whose sockets should be closed by now: a Worker has no permission to do it. */
  | { kind: "overdue"; port: number; peers: Set<string> }
  | { kind: "renewed"; failure?: string };

/** What it returns. */
export interface CpuServerResult extends ServerReport {
  /** Connections that were cut off. */
  cut: number;
}
