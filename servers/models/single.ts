/**
 * Model `single`: everything on one event loop, no Worker. What `user-echo-server` does with one
 * thread and epoll. Model `per-core` runs this once on each of its Workers.
 */
import { Core } from "../../core/mod.ts";
import { Acceptor } from "../acceptor.ts";
import { blocksFor, inputBytesOf } from "../capacity.ts";
import { ConnectionLimit } from "../connection_limit.ts";
import { zeroCounters } from "../counters.ts";
import { createService } from "../create_service.ts";
import type { Listener } from "../engine.ts";
import { denoEngine } from "../engines/deno.ts";
import { keptBytes, limitsOf, type ServerOptions } from "../options.ts";
import type { Service } from "../service.ts";
import { TimerWheel } from "../timer_wheel.ts";
import { failureOf, type RunningServer } from "./model.ts";

/** Resolution of timeouts. */
export const TICK_MS = 250;

/**
 * The memory for a server.
 *
 * @param cacheBytes for responses that the core keeps; pool models have none
 */
export function createServerCore(options: ServerOptions, { cacheBytes = 0 } = {}): Core {
  return Core.create({
    blocks: blocksFor(options.maxConnections),
    limits: limitsOf(options.service),
    inputBytes: inputBytesOf(options),
    cacheBytes,
  });
}

/** Reports a bug without ending the server. */
export function reportInternalError(error: unknown): void {
  console.error("ktcp: internal error on a connection:", error);
}

/**
 * Listens, and serves what is accepted on this thread.
 *
 * @param limit may be shared with other threads
 * @throws the system's error when the address cannot be bound
 */
export function startServing(
  options: ServerOptions,
  { core, service, limit }: { core: Core; service: Service; limit: ConnectionLimit },
): { listener: Listener; acceptor: Acceptor } {
  const listener = denoEngine.listen(options.listen);
  const counters = zeroCounters();
  const wheel = new TimerWheel(TICK_MS, () => service.tick?.(Date.now()));
  const context = { core, service, wheel, timeouts: options.timeouts, counters };
  const acceptor = new Acceptor(context, listener, { limit, onInternalError: reportInternalError });
  return { listener, acceptor };
}

/** Starts a server on this thread. @throws the system's error when the address cannot be bound */
export async function serveSingle(options: ServerOptions): Promise<RunningServer> {
  const core = createServerCore(options, keptBytes(options.service));
  const service = await createService(core, options.service);
  const limit = ConnectionLimit.alone(options.maxConnections);
  const { listener, acceptor } = startServing(options, { core, service, limit });
  return {
    address: listener.address,
    port: listener.port,
    failed: failureOf(acceptor.done),
    reports: () => Promise.resolve([{ name: "main", counters: acceptor.counters }]),
    stop: (graceMs) => acceptor.stop(graceMs),
  };
}
