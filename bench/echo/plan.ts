/** The plan of an echo run. Plain data, which is posted to the Workers. */
import type { ClientEngine } from "../load/engine.ts";
import type { Address } from "../../system/address.ts";

/** An echo run. */
export interface EchoPlan {
  /** Where the echo server listens; the host is a literal IP address. */
  target: Address;
  /** Logical clients; each opens one connection a round. */
  threads: number;
  rounds: number;
  /** Rounds before `rounds` that are not counted. */
  warmupRounds: number;
  /** Messages per connection. */
  messages: number;
  /** Bytes of a message, at least 1; ignored with `text`. */
  sizeBytes: number;
  /** Sends these bytes every time instead of unique messages. */
  text?: Uint8Array;
  /** Bytes that the server sends after each echo, and that are not compared; default 0. */
  paddingBytes?: number;
  /** Pause between the messages of a connection, in ms. */
  thinkMs: number;
  /**
   * Open loop: messages started per second over all clients of a round, regardless of the outcome
   * of earlier ones. Null for the closed loop, in which each client waits for its echo.
   */
  ratePerSecond: number | null;
  /** When the counted rounds begin, in ms since the epoch; default: as soon as all is ready. */
  startAtMs?: number;
  /** How long a connect, and each echo, may take, in ms. */
  timeoutMs: number;
  /** Who drives the sockets. */
  engine: ClientEngine;
  /** Web Workers over which the clients are spread. */
  workers: number;
}

/** The defaults. */
export const DEFAULT_PLAN = {
  threads: 1000,
  rounds: 10,
  warmupRounds: 0,
  messages: 1,
  sizeBytes: 64,
  thinkMs: 0,
  timeoutMs: 10_000,
} satisfies Partial<EchoPlan>;

/**
 * A Worker for every two cores, so that the server keeps the others; never more Workers than
 * clients.
 */
export function defaultWorkers(threads: number, cores: number): number {
  return Math.max(1, Math.min(threads, Math.floor(cores / 2)));
}
