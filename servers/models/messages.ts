/**
 * What the models' owners and Workers say to each other: plain data.
 */
import type { CoreShare } from "../../core/mod.ts";
import type { Counters } from "../net/counters.ts";
import type { ThreadMemory } from "./memory_budget.ts";
import type { ServerOptions, ServiceOptions } from "./options.ts";
import type { Effect, Handed } from "../net/service.ts";

// per-core

/** What a Worker's `serve` item is given. */
export interface ServeData {
  options: ServerOptions;
  memory: ThreadMemory;
  /** Open connections by Worker, and this one's place. */
  counts: Int32Array<SharedArrayBuffer>;
  index: number;
}

/** What the owner tells a running `serve` item. */
export type ServeCommand = { kind: "report" } | { kind: "stop"; graceMs: number };

/** What it tells the owner. */
export type ServeMessage =
  | { kind: "listening"; address: string }
  /** Peers whose sockets should be closed by now: a Worker has no permission to do it. */
  | { kind: "overdue"; port: number; peers: Set<string> }
  | { kind: "report"; counters: Counters };

/** What it returns. */
export interface ServeResult {
  counters: Counters;
  /** Connections that were cut off. */
  cut: number;
}

// Pool models

/** What was received on a connection, besides the bytes in its block. */
export interface Received {
  /** The peer has sent its FIN. */
  isEnded: boolean;
  /** The server is about to stop. */
  isDraining: boolean;
  /** How often the answer to the current request was handed over and could not be sent. */
  tries: number;
}

/** What a Worker made of what was received: what to do next, or an answer to be sent. */
export type Outcome = Effect | Handed;

/** What Workers of a pool model are started with. */
export interface PoolInit {
  share: CoreShare;
  service: ServiceOptions;
  memory: ThreadMemory;
}

// shared-pool

/** An item: what was received on a connection. */
export interface ReceiveData extends Received {
  conn: number;
  peer: string;
}

// per-connection

/** An item: a connection to serve to its end. */
export interface ConnectionData {
  conn: number;
  peer: string;
}

/** What the owner tells the connection's Worker. */
export type ConnectionCommand = ({ kind: "received" } & Received) | { kind: "closed" };
