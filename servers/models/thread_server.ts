/**
 * A server on one thread: its memory, its listener, its connections. Model `single` runs one, and
 * `per-core` runs one on each of its Workers.
 */
import { Core } from "../../core/mod.ts";
import { Acceptor } from "../net/acceptor.ts";
import { systemClock } from "../../system/clock.ts";
import { blocksFor, inputBytesOf, reservedBytesOf } from "./core_size.ts";
import type { ConnectionLimit } from "../net/connection_limit.ts";
import { zeroCounters } from "../net/counters.ts";
import { DenoEngine } from "../net/engines/deno/deno_engine.ts";
import { listen } from "../net/engines/deno/listen.ts";
import type { Engine } from "../net/engine.ts";
import type { Certificate } from "../net/listen_options.ts";
import { limitsOf, type ServerOptions, TICK_MS } from "./options.ts";
import type { Service } from "../net/service.ts";
import { TimerWheel } from "../net/timer_wheel.ts";
import { Tracer } from "../net/trace/tracer.ts";
import { printTrace } from "./print_trace.ts";

/**
 * The memory for a server.
 *
 * @param keptBytes for responses that the core keeps; 0 in a memory that Workers share
 */
export function createServerCore(options: ServerOptions, keptBytes: number): Core {
  return Core.create({
    ...blocksFor(options.maxConnections),
    limits: limitsOf(options.service),
    inputBytes: inputBytesOf(options),
    cacheBytes: keptBytes,
    reservedBytes: reservedBytesOf(options),
  });
}

/** The parts of a server on one thread. */
export interface ThreadServerParts {
  core: Core;
  service: Service;
  /** May be shared with other threads. */
  limit: ConnectionLimit;
  /** Called with whole lines, each with its line feed; must not block. */
  print: (lines: string) => void;
  /** Closes sockets that the engine cannot close; see `Listener.onOverdue`. */
  endSockets?: (port: number, peers: Set<string>) => void;
}

/** Reports internal errors, which must not end the server. */
export function internalErrors(print: (lines: string) => void): (error: unknown) => void {
  return (error) => print(`ktcp: internal error: ${error} (please report this)\n`);
}

/** What a timer wheel does at each tick. */
export function ticksOf(
  service: Service,
  onInternalError: (error: unknown) => void,
  clock = systemClock,
): () => void {
  return () => {
    try {
      service.tick?.(clock.epochMs());
    } catch (error) {
      onInternalError(error);
    }
  };
}

/**
 * Listens, and serves what is accepted on this thread.
 *
 * @throws the system's error when the address cannot be bound
 */
export function startThreadServer(
  options: ServerOptions,
  { core, service, limit, print, endSockets }: ThreadServerParts,
): { engine: Engine; acceptor: Acceptor; renew: (certificate: Certificate) => void } {
  const { timeouts, sending } = options;
  const listener = listen(options.listen, sending);
  listener.onOverdue = (peers) => endSockets?.(listener.port, peers);
  const onInternalError = internalErrors(print);
  const counters = zeroCounters();
  const wheel = new TimerWheel(TICK_MS, ticksOf(service, onInternalError));
  const context = { core, service, wheel, timeouts, counters, writes: sending.writes };
  const engine = new DenoEngine(listener);
  const tracer = options.traces ? new Tracer({ core, service }, printTrace) : undefined;
  const acceptor = new Acceptor(context, engine, { limit, onInternalError, tracer });
  return { engine, acceptor, renew: (certificate) => listener.renew?.(certificate) };
}
