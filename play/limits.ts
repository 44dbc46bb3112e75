/**
 * Bounds of every number that the page may ask for: the page shows them beside its controls, and the
 * host refuses what is out of bounds.
 */
import type { LoadSetup, ServerSetup } from "./protocol.ts";

/** Bounds for each number of a set-up. */
type NumbersOf<T> = { [K in keyof T as T[K] extends number | undefined ? K : never]-?: Bounds };

/** A whole number may be from `min` to `max`. */
export interface Bounds {
  min: number;
  max: number;
}

/** Servers at once. */
export const MAX_SERVERS = 4;

/** Loads at once: two on each server. */
export const MAX_LOADS = 2 * MAX_SERVERS;

/** Connections of one kind (clients, silent ones, slow ones) in a load. */
export const MAX_CLIENTS = 2000;

export const MAX_RATE_PER_SECOND = 100_000;

export const MAX_DURATION_MS = 600_000;

/** CPUs that the bounds of a recorded set-up assume: it may come from a larger machine. */
export const MAX_RECORDED_CPUS = 4096;

/** Bounds of a server's numbers on a machine with `cpus` CPUs. */
export function serverBounds(cpus: number): NumbersOf<ServerSetup> {
  return {
    workers: { min: 1, max: 2 * cpus },
    maxActive: { min: 1, max: 256 },
    bufferBytes: { min: 1, max: 65_536 },
    backlog: { min: 1, max: 4096 },
    maxConnections: { min: 1, max: 10_000 },
    workUs: { min: 0, max: 1_000_000 },
    idleTimeoutMs: { min: 0, max: 600_000 },
    writes: { min: 1, max: 100 },
  };
}

/** Bounds of a load's numbers. */
export const LOAD_BOUNDS: NumbersOf<LoadSetup> = {
  clients: { min: 1, max: MAX_CLIENTS },
  ratePerSecond: { min: 0, max: MAX_RATE_PER_SECOND },
  messageBytes: { min: 1, max: 65_536 },
  silentClients: { min: 0, max: MAX_CLIENTS },
  slowClients: { min: 0, max: MAX_CLIENTS },
  durationMs: { min: 100, max: MAX_DURATION_MS },
};
