/**
 * Model `single`: everything on one event loop, no Worker. What `user-echo-server` does with one
 * thread and epoll.
 */
import { Core, maxBlocks } from "../../core/mod.ts";
import { Acceptor } from "../acceptor.ts";
import { type Counters, zeroCounters } from "../connection.ts";
import type { Engine, Listener } from "../engine.ts";
import { limitsOf, type ServerOptions, type ServiceOptions } from "../options.ts";
import type { Service } from "../service.ts";
import { TimerWheel } from "../timer_wheel.ts";

/** Resolution of timeouts. */
const TICK_MS = 250;

/** Blocks beyond one a connection, for output: each connection may wait with some. */
const OUTPUT_BLOCKS = 64;

/** A server that runs on this thread. */
export interface LocalServer {
  readonly listener: Listener;
  readonly counters: Counters;
  /** Resolves when accepting has ended; rejects when it failed for good. */
  readonly accepting: Promise<void>;
  /** Stops it. @returns how many connections did not end within `graceMs` */
  stop(graceMs: number): Promise<number>;
}

/** What `serveSingle` is given beside the options. */
export interface SingleDependencies {
  engine: Engine;
  createService: (core: Core, options: ServiceOptions) => Service;
  onInternalError: (error: unknown) => void;
}

/** The memory for a server: a block a connection, as many again for output, and some to start with. */
export function createServerCore(options: ServerOptions): Core {
  const limits = limitsOf(options.service);
  const inputBytes = options.service.kind === "echo" ? options.service.bufferBytes : 0;
  const wanted = 2 * options.maxConnections + OUTPUT_BLOCKS;
  const blocks = Math.min(wanted, maxBlocks({ limits, inputBytes }));
  return Core.create({ blocks, limits, inputBytes });
}

/**
 * Starts a server on this thread.
 *
 * @throws the system's error when the address cannot be bound
 */
export function serveSingle(options: ServerOptions, dependencies: SingleDependencies): LocalServer {
  const { engine, createService, onInternalError } = dependencies;
  const core = createServerCore(options);
  const service = createService(core, options.service);
  const listener = engine.listen(options.listen);
  const counters = zeroCounters();
  const wheel = new TimerWheel(TICK_MS, () => service.tick?.(Date.now()));
  const context = { core, service, wheel, timeouts: options.timeouts, counters };
  const acceptor = new Acceptor(context, listener, {
    maxConnections: options.maxConnections,
    onInternalError,
  });
  const accepting = acceptor.run();
  return { listener, counters, accepting, stop: (graceMs) => acceptor.stop(graceMs) };
}
