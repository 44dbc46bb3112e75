/**
 * A server on one thread that its engine blocks: its listener, its connections, its loop.
 */
import { Acceptor } from "../net/acceptor.ts";
import { zeroCounters } from "../net/counters.ts";
import { createEngine } from "../net/engines/linux/create_engine.ts";
import type { LoopEngine } from "../net/engines/linux/loop_engine.ts";
import type { Waker } from "../net/engines/linux/waker.ts";
import { TimerWheel } from "../net/timer_wheel.ts";
import { Tracer } from "../net/trace/tracer.ts";
import { printTrace } from "./print_trace.ts";
import { type ServerOptions, TICK_MS } from "./options.ts";
import { internalErrors, type ThreadServerParts, ticksOf } from "./thread_server.ts";

/** What the owner shares with such a thread, as plain data. */
export interface LoopShare {
  waker: Waker;
  /** See `OpenDescriptors`. */
  descriptors: SharedArrayBuffer;
}

/**
 * Listens, and serves what is accepted while `engine.loop` runs.
 *
 * @throws the system's error when the address cannot be bound
 */
export function startLoopServer(
  options: ServerOptions,
  { core, service, limit, print }: ThreadServerParts,
  share: LoopShare,
): { engine: LoopEngine; acceptor: Acceptor } {
  const onInternalError = internalErrors(print);
  const wheel = new TimerWheel(TICK_MS, ticksOf(service, onInternalError), { isManual: true });
  const tracer = options.traces ? new Tracer({ core, service }, printTrace) : undefined;
  const engine = createEngine(options, { wheel, tracer, ...share });
  const { timeouts, sending: { writes } } = options;
  const context = { core, service, wheel, timeouts, counters: zeroCounters(), writes };
  try {
    return { engine, acceptor: new Acceptor(context, engine, { limit, onInternalError, tracer }) };
  } catch (error) {
    engine.close();
    throw error;
  }
}
