/** Messages between owners and Workers over one shared memory: plain data. */
import type { CoreShare } from "../../../core/mod.ts";
import type { Effect, Handed } from "../../net/service.ts";
import type { ThreadMemory } from "../memory_budget.ts";
import type { ServiceOptions } from "../options.ts";

/** What was received on a connection, besides the bytes in its block. */
export interface Received {
  /** The peer has sent its FIN. */
  isEnded: boolean;
  /** The server is about to stop. */
  isDraining: boolean;
  /** How often the answer to the current request was handed over and could not be sent. */
  tries: number;
}

/** The Worker's result: what to do next, or an answer to be sent. */
export type Outcome = Effect | Handed;

/** What Workers are started with. */
export interface WorkerServiceInit {
  share: CoreShare;
  service: ServiceOptions;
  memory: ThreadMemory;
}
