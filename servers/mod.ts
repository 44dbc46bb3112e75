/**
 * The servers: `serve` starts one, in any model, and hands back how to stop it.
 */
import { createService } from "./create_service.ts";
import type { Counters } from "./connection.ts";
import { denoEngine, freeUnixPath } from "./engines/deno.ts";
import { serveSingle } from "./models/single.ts";
import { type PartialServerOptions, withDefaults } from "./options.ts";

export type { Counters } from "./connection.ts";
export type { ListenOptions } from "./engine.ts";
export type { EchoServiceOptions, HttpServiceOptions, PartialServerOptions } from "./options.ts";
export type { DirectoryOptions } from "./resources/directory.ts";
export { OptionError, parseAuth, parseHeader } from "./static/options.ts";
export { DEFAULT_MAX_CONNECTIONS, DEFAULT_TIMEOUTS } from "./options.ts";

/** A running server. */
export interface Server {
  /** `127.0.0.1:8081`, `[::1]:8081` or `unix:/path`. */
  readonly address: string;
  /** The port that was bound, 0 for a Unix domain socket. */
  readonly port: number;
  /** Rejects when the server cannot go on. */
  readonly failed: Promise<never>;
  /** What was counted so far. */
  counters(): Counters;
  /**
   * Drains: no new connections, idle ones are closed at once, others finish what they do.
   *
   * @returns how many were cut off after `graceMs`
   */
  shutdown(graceMs: number): Promise<number>;
}

/** Reports a bug without ending the server. */
function reportInternalError(error: unknown): void {
  console.error("ktcp: internal error on a connection:", error);
}

/**
 * Starts a server.
 *
 * @throws the system's error when the address cannot be bound
 */
export async function serve(partial: PartialServerOptions): Promise<Server> {
  const options = withDefaults(partial);
  if (options.listen.path !== undefined) await freeUnixPath(options.listen.path);
  const local = serveSingle(options, {
    engine: denoEngine,
    createService,
    onInternalError: reportInternalError,
  });
  return {
    address: local.listener.address,
    port: local.listener.port,
    failed: local.accepting.then(() => new Promise<never>(() => {})),
    counters: () => local.counters,
    shutdown: (graceMs) => local.stop(graceMs),
  };
}
