/**
 * What the models' owners and Workers say to each other: plain data.
 */
import type { CoreShare } from "../../core/mod.ts";
import type { Counters } from "../counters.ts";
import type { ServerOptions, ServiceOptions } from "../options.ts";

// per-core

/** What a Worker's `serve` item is given. */
export interface ServeData {
  options: ServerOptions;
  /** Open connections by Worker, and this one's place. */
  counts: Int32Array<SharedArrayBuffer>;
  index: number;
}

/** What the owner tells a running `serve` item. */
export type ServeCommand = { kind: "report" } | { kind: "stop"; graceMs: number };

/** What it tells the owner. */
export type ServeMessage =
  | { kind: "listening"; address: string }
  | { kind: "report"; counters: Counters };

/** What it returns. */
export interface ServeResult {
  counters: Counters;
  /** Connections that were cut off. */
  cut: number;
}

// shared-pool

/** What Workers of a pool model are started with. */
export interface PoolInit {
  share: CoreShare;
  service: ServiceOptions;
}

/** An item: what happened on a connection. */
export interface ReceiveData {
  conn: number;
  peer: string;
  /** The peer has sent its FIN. */
  isEnded: boolean;
  /** The server is about to stop. */
  isDraining: boolean;
}

/** What an item may ask of the owner, one thing at a time. Answered with an empty message. */
export type SenderRequest = "flush";

// per-connection

/** An item: a connection to serve from its first byte to its end. */
export interface ConnectionData {
  conn: number;
  peer: string;
  timeouts: ServerOptions["timeouts"];
}

/** What the owner tells a Worker. */
export type ConnectionCommand = StreamReply | { kind: "drain" } | { kind: "close-if-idle" };

/** What the Worker asks the owner to do with the socket; `start` and `length` name its memory. */
export type StreamRequest =
  | { kind: "read"; start: number; length: number }
  | { kind: "write"; start: number; length: number }
  | { kind: "close-write" }
  | { kind: "close" };

/** What the owner answers: which request, and what came of it. */
export interface StreamReply {
  kind: "read" | "write" | "close-write";
  /** Bytes; `null` at the peer's FIN. */
  count: number | null;
  /** The error's class, when it failed. */
  failed?: string;
}
