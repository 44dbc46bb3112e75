/** A server and a load that every test of the playground may start from. */
import type { LoadSetup, ServerSetup } from "../../play/protocol.ts";

/** A small echo server. */
export const PLAY_SERVER: ServerSetup = {
  service: "echo",
  engine: "deno",
  model: "single",
  workers: 1,
  maxActive: 16,
  bufferBytes: 4096,
  backlog: 128,
  maxConnections: 1000,
  workUs: 0,
  workKind: "compute",
  idleTimeoutMs: 0,
};

/** A small load, for a second. */
export const PLAY_LOAD: LoadSetup = {
  clients: 8,
  ratePerSecond: 0,
  messageBytes: 64,
  isKeepAlive: true,
  silentClients: 0,
  slowClients: 0,
  durationMs: 1000,
};
