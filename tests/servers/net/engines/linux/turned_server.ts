/**
 * A server on an engine that blocks its thread, whose loop the test turns by hand: so clients and
 * server share a thread, and what a turn costs can be counted.
 */
import { Core } from "../../../../../core/mod.ts";
import { EchoService } from "../../../../../servers/echo/echo_service.ts";
import { Acceptor } from "../../../../../servers/net/acceptor.ts";
import type { Timeouts } from "../../../../../servers/net/connection.ts";
import { ConnectionLimit } from "../../../../../servers/net/connection_limit.ts";
import { zeroCounters } from "../../../../../servers/net/counters.ts";
import type { EngineOptions } from "../../../../../servers/net/engine_options.ts";
import { createEngine } from "../../../../../servers/net/engines/linux/create_engine.ts";
import type { EventSource } from "../../../../../servers/net/engines/linux/event_loop.ts";
import type { LoopEngine } from "../../../../../servers/net/engines/linux/loop_engine.ts";
import { OpenDescriptors } from "../../../../../servers/net/engines/linux/open_descriptors.ts";
import { URING_BYTES } from "../../../../../servers/net/engines/linux/uring_memory.ts";
import { closeWaker, createWaker } from "../../../../../servers/net/engines/linux/waker.ts";
import type { Service } from "../../../../../servers/net/service.ts";
import { TimerWheel } from "../../../../../servers/net/timer_wheel.ts";
import { DEFAULT_SENDING } from "../../../../../servers/net/send_options.ts";
import { connectTcp } from "../../../../../system/linux/socket.ts";
import { until } from "../../../../support/until.ts";
import { Descriptors } from "../../../../system/linux/sockets.ts";

const NO_TIMEOUTS: Timeouts = { idleMs: 0, headMs: 0, contentMs: 0, writeMs: 0, lingerMs: 500 };

export interface TurnedOptions {
  engine: EngineOptions;
  service?: (core: Core) => Service;
  timeouts?: Partial<Timeouts>;
  maxConnections?: number;
  backlog?: number;
}

/** What an echo with large pieces does. */
function echoService(core: Core): Service {
  return new EchoService(core, { bufferBytes: 4096 });
}

export class TurnedServer implements AsyncDisposable {
  readonly core: Core;
  readonly engine: LoopEngine & EventSource;
  readonly clients = new Descriptors();
  /** Bugs that were told. */
  readonly faults: unknown[] = [];
  readonly #wheel: TimerWheel;
  readonly #acceptor: Acceptor;
  readonly #waker = createWaker();

  constructor({
    engine,
    service: make = echoService,
    timeouts,
    maxConnections = 16,
    backlog = 128,
  }: TurnedOptions) {
    this.core = Core.create({
      blocks: 3 * maxConnections,
      inputBytes: 4096,
      reservedBytes: URING_BYTES,
    });
    const service = make(this.core);
    this.#wheel = new TimerWheel(5, () => {}, { isManual: true });
    this.engine = createEngine(
      { engine, listen: { hostname: "127.0.0.1", port: 0, backlog }, sending: DEFAULT_SENDING },
      {
        wheel: this.#wheel,
        waker: this.#waker,
        descriptors: OpenDescriptors.share(1 << 20),
      },
    ) as LoopEngine & EventSource;
    this.#acceptor = new Acceptor(
      {
        core: this.core,
        service,
        wheel: this.#wheel,
        timeouts: { ...NO_TIMEOUTS, ...timeouts },
        counters: zeroCounters(),
        writes: DEFAULT_SENDING.writes,
      },
      this.engine,
      {
        limit: ConnectionLimit.alone(maxConnections),
        onInternalError: (error) => this.faults.push(error),
      },
    );
  }

  get counters() {
    return this.#acceptor.counters;
  }

  /** One turn of the loop, without blocking. @returns the events of it */
  turn(): number {
    const events = this.engine.turn(0);
    this.#wheel.turnIfDue();
    return events;
  }

  /** Turns until `condition` holds. */
  turnUntil(condition: () => boolean): Promise<void> {
    return until(() => {
      this.turn();
      return condition();
    }, String(condition));
  }

  /** Turns until nothing is left to do: several turns in a row are without an event. */
  async settle(): Promise<void> {
    let quiet = 0;
    await this.turnUntil(() => {
      quiet = this.turn() === 0 ? quiet + 1 : 0;
      return quiet > 5;
    });
  }

  /** Events and other calls in so many turns, in which nothing should happen. */
  callsIn(turns: number): { events: number; calls: number } {
    const { events, calls } = this.engine.counts;
    for (let i = 0; i < turns; ++i) this.turn();
    return {
      events: this.engine.counts.events - events,
      // Each turn waits once.
      calls: this.engine.counts.calls - calls - turns,
    };
  }

  /** A client, which may still have to wait until it is accepted. */
  connect(): number {
    return this.clients.keep(connectTcp("127.0.0.1", this.engine.port));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.clients[Symbol.dispose]();
    const stopped = this.#acceptor.stop(5000);
    let isStopped = false;
    stopped.finally(() => isStopped = true);
    await this.turnUntil(() => isStopped);
    this.engine.close();
    closeWaker(this.#waker);
  }
}
