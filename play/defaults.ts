/** The values of the controls before anything is changed. */
import type { LoadSetup, ServerSetup, Setup } from "./protocol.ts";

/** A server as `ktcp echo` starts it without options, except that it has one Worker. */
export const DEFAULT_SERVER: ServerSetup = {
  service: "echo",
  engine: "deno",
  model: "per-core",
  workers: 1,
  maxActive: 16,
  bufferBytes: 4096,
  backlog: 1024,
  maxConnections: 4096,
  workUs: 0,
  workKind: "compute",
  idleTimeoutMs: 5000,
};

/** A moderate load in a closed loop. */
export const DEFAULT_LOAD: LoadSetup = {
  clients: 16,
  ratePerSecond: 0,
  messageBytes: 64,
  isKeepAlive: true,
  silentClients: 0,
  slowClients: 0,
  durationMs: 10_000,
};

/** One server and a load. */
export const DEFAULT_SETUP: Setup = { servers: [DEFAULT_SERVER], load: DEFAULT_LOAD };
