/**
 * Model `single`: everything on one event loop, no Worker. What `user-echo-server` does with one
 * thread and epoll. Model `per-core` runs this once on each of its Workers.
 */
import { Core, maxBlocks } from "../../core/mod.ts";
import { Acceptor } from "../acceptor.ts";
import { type Counters, zeroCounters } from "../connection.ts";
import { ConnectionLimit } from "../connection_limit.ts";
import { createService } from "../create_service.ts";
import type { Listener } from "../engine.ts";
import { denoEngine } from "../engines/deno.ts";
import { keptBytes, limitsOf, type ServerOptions } from "../options.ts";
import type { Service } from "../service.ts";
import { TimerWheel } from "../timer_wheel.ts";
import { failureOf, type RunningServer } from "./model.ts";

/** Resolution of timeouts. */
export const TICK_MS = 250;

/** Blocks for output to start with; each connection may fill one more. */
const OUTPUT_BLOCKS = 64;

/**
 * The memory for a server, and how many connections fit into it.
 *
 * @param cacheBytes for responses that the core keeps; pool models have none
 */
export function createServerCore(
  options: ServerOptions,
  { cacheBytes = 0 } = {},
): { core: Core; capacity: number } {
  const limits = limitsOf(options.service);
  const inputBytes = options.service.kind === "echo" ? options.service.bufferBytes : 0;
  const wanted = 2 * options.maxConnections + OUTPUT_BLOCKS;
  const blocks = Math.min(wanted, maxBlocks({ limits, inputBytes, cacheBytes }));
  const core = Core.create({ blocks, limits, inputBytes, cacheBytes });
  return { core, capacity: Math.floor((blocks - OUTPUT_BLOCKS) / 2) };
}

/** Reports a bug without ending the server. */
export function reportInternalError(error: unknown): void {
  console.error("ktcp: internal error on a connection:", error);
}

/** An accept loop over a service, with all that belongs to it. */
export interface Serving {
  readonly listener: Listener;
  readonly counters: Counters;
  readonly acceptor: Acceptor;
}

/**
 * Listens, and serves what is accepted on this thread.
 *
 * @param limit shared with other threads; by default this one's alone
 * @throws the system's error when the address cannot be bound
 */
export function startServing(
  options: ServerOptions,
  { core, service, limit }: { core: Core; service: Service; limit: ConnectionLimit },
): Serving {
  const listener = denoEngine.listen(options.listen);
  const counters = zeroCounters();
  const wheel = new TimerWheel(TICK_MS, () => service.tick?.(Date.now()));
  const context = { core, service, wheel, timeouts: options.timeouts, counters, limit };
  const acceptor = new Acceptor(context, listener, { limit, onInternalError: reportInternalError });
  return { listener, counters, acceptor };
}

/** Starts a server on this thread. @throws the system's error when the address cannot be bound */
export function serveSingle(options: ServerOptions): RunningServer {
  const { core, capacity } = createServerCore(options, keptBytes(options.service));
  const service = createService(core, options.service);
  const limit = ConnectionLimit.alone(Math.min(options.maxConnections, capacity));
  const serving = startServing(options, { core, service, limit });
  return {
    address: serving.listener.address,
    port: serving.listener.port,
    failed: failureOf(serving.acceptor.done),
    reports: () => Promise.resolve([{ name: "main", counters: { ...serving.counters } }]),
    stop: (graceMs) => serving.acceptor.stop(graceMs),
  };
}
