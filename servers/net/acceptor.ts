/**
 * The connections of one thread: an engine accepts and drives them.
 */
import { Connection, type ConnectionContext } from "./connection.ts";
import { ConnectionList } from "./connection_list.ts";
import type { ConnectionLimit } from "./connection_limit.ts";
import type { Counters } from "./counters.ts";
import { drainConnections } from "./drain.ts";
import { systemClock } from "../../system/clock.ts";
import type { Core } from "../../core/mod.ts";
import type { Driver } from "./driver.ts";
import type { Engine, EngineHost } from "./engine.ts";
import type { Tracer } from "./trace/tracer.ts";

/** Settings of an acceptor. */
export interface AcceptorOptions {
  limit: ConnectionLimit;
  /** Called with errors that neither the peer nor the user caused, which are bugs. */
  onInternalError: (error: unknown) => void;
  /** Default: the runtime's. */
  clock?: typeof systemClock;
  /** Records the events of connections; absent: nothing is traced. */
  tracer?: Tracer;
}

/** The connections of one engine, from accepting them to their end. */
export class Acceptor implements EngineHost {
  readonly core: Core;
  readonly limit: ConnectionLimit;
  readonly #context: ConnectionContext;
  readonly #engine: Engine;
  readonly #onInternalError: (error: unknown) => void;
  readonly #clock: typeof systemClock;
  readonly #tracer: Tracer | undefined;
  readonly #connections = new Set<Connection>();
  #onEmpty: (() => void) | undefined;

  /** Starts to accept. */
  constructor(
    context: Omit<ConnectionContext, "limit" | "onEnd">,
    engine: Engine,
    { limit, onInternalError, clock = systemClock, tracer }: AcceptorOptions,
  ) {
    this.core = context.core;
    this.limit = limit;
    this.#context = {
      ...context,
      limit,
      onEnd: (connection, fault) => this.#ended(connection, fault),
    };
    this.#engine = engine;
    this.#clock = clock;
    this.#tracer = tracer;
    this.#onInternalError = onInternalError;
    engine.start(this);
  }

  /** Resolves when accepting has ended; rejects when it cannot go on. */
  get done(): Promise<void> {
    return this.#engine.done;
  }

  /** The counters of all connections, including open ones. */
  get counters(): Counters {
    const { core, counters } = this.#context;
    let { served } = counters;
    for (const { conn } of this.#connections) served += core.served(conn);
    return { ...counters, served };
  }

  /**
   * The present state of connections, in the order they were opened: the words of a
   * `ConnectionList`.
   *
   * @param place see the constructor of `ConnectionList`
   */
  list(maxConnections: number, place?: { lists: number; index: number }): Int32Array {
    const list = new ConnectionList(Math.min(maxConnections, this.#connections.size), place);
    const { now } = this.#context.wheel;
    for (const connection of this.#connections) {
      if (list.isFull) break;
      connection.observe(list, now);
    }
    return list.words;
  }

  open(driver: Driver, peer: string): Connection | undefined {
    const conn = this.core.open();
    if (conn === 0) {
      // There is a block for each connection within the limit, so this one exceeds it.
      this.refused();
      return undefined;
    }
    const connection = new Connection(this.#context, driver, conn, peer);
    this.#connections.add(connection);
    this.#tracer?.watch(connection, driver);
    return connection;
  }

  refused(): void {
    ++this.#context.counters.overloads;
  }

  #ended(connection: Connection, fault: unknown): void {
    this.core.close(connection.conn);
    this.#connections.delete(connection);
    this.#engine.wake();
    if (this.#connections.size === 0) this.#onEmpty?.();
    if (fault !== undefined) this.#onInternalError(fault);
  }

  /**
   * Stops accepting, ends idle connections at once and lets the others finish.
   *
   * @param graceMs time after which they are closed too
   * @returns how many were cut off before all their output was sent
   */
  async stop(graceMs: number): Promise<number> {
    this.#engine.stop();
    this.#context.service.drain?.();
    // The address is free only once the pending accept has ended.
    await this.done.catch(() => {});
    const empty = new Promise<void>((resolve) => this.#onEmpty = resolve);
    if (this.#connections.size === 0) return 0;
    if (await drainConnections(this.#connections, empty, graceMs, this.#clock)) return 0;
    let cut = 0;
    for (const connection of this.#connections) {
      if (!connection.isLingering) ++cut;
      connection.close();
    }
    await empty;
    return cut;
  }
}
