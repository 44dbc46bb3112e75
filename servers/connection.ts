/**
 * The driver of one connection: moves bytes between a stream and a service, one thing at a time.
 *
 * Backpressure is that order itself: nothing is received while output waits to be sent, so a peer
 * that does not read is not read from, and a connection never holds more than its input block and
 * the output of one batch.
 */
import { type Core, CoreMemoryError } from "../core/mod.ts";
import type { ConnectionLimit } from "./connection_limit.ts";
import type { Stream } from "./engine.ts";
import { Effect, Phase, type Sender, type Service } from "./service.ts";
import { NEVER, type Timed, type TimerWheel } from "./timer_wheel.ts";

/** How long a connection may take, in ms; 0 for ever. */
export interface Timeouts {
  /** Between messages, and before the first byte. */
  idleMs: number;
  /** From the first byte of a head to its end. */
  headMs: number;
  /** Between two bytes of content. */
  contentMs: number;
  /** A peer that does not take a byte of what is sent. */
  writeMs: number;
  /** Draining before a close. */
  lingerMs: number;
}

/** What connections count, in sum over a server. */
export interface Counters {
  /** Connections accepted. */
  connections: number;
  /** Connections that are open now. */
  open: number;
  /** Requests or messages answered, on connections that are closed. */
  served: number;
  bytesIn: number;
  bytesOut: number;
  /** Connections that ended by a reset or another failure of the socket. */
  resets: number;
  /** Connections that were closed because a timeout was over. */
  timeouts: number;
  /** Connections that were cut off because no memory was left for their output. */
  overloads: number;
}

/** Counters at the start. */
export function zeroCounters(): Counters {
  return {
    connections: 0,
    open: 0,
    served: 0,
    bytesIn: 0,
    bytesOut: 0,
    resets: 0,
    timeouts: 0,
    overloads: 0,
  };
}

/** The sum of what several threads counted. */
export function sumCounters(all: readonly Counters[]): Counters {
  const sum = zeroCounters();
  for (const counters of all) {
    for (const name of Object.keys(sum) as (keyof Counters)[]) sum[name] += counters[name];
  }
  return sum;
}

/** What all connections of a server have in common. */
export interface ConnectionContext {
  core: Core;
  service: Service;
  wheel: TimerWheel;
  timeouts: Timeouts;
  counters: Counters;
  /** Counts the connections over all threads; absent: another thread does. */
  limit?: ConnectionLimit;
  /** The connections' blocks are another thread's to close. */
  keepsBlock?: boolean;
}

/** Bytes that a lingering close drains at the most. */
const LINGER_BYTES = 64 << 20;

/** Errors by which a socket says that the peer is gone: events, not faults. */
function isPeerGone(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.ConnectionAborted ||
    error instanceof Deno.errors.NotConnected ||
    error instanceof Deno.errors.TimedOut ||
    error instanceof Deno.errors.BadResource ||
    error instanceof Deno.errors.Interrupted ||
    error instanceof Deno.errors.UnexpectedEof;
}

/** One connection, from accept to close. */
export class Connection implements Timed, Sender {
  deadlineTick = NEVER;
  wheelSlot = -1;
  readonly #context: ConnectionContext;
  readonly #core: Core;
  readonly #stream: Stream;
  readonly #conn: number;
  readonly #peer: string;
  #closed = false;
  /** The last response and the FIN are on their way: what still comes is thrown away. */
  #ending: Promise<void> | undefined;
  #receiving = false;
  #draining = false;

  /**
   * @param conn the connection's block, opened in `context.core`; closed with the connection
   */
  constructor(context: ConnectionContext, stream: Stream, conn: number, peer: string) {
    this.#context = context;
    this.#core = context.core;
    this.#stream = stream;
    this.#conn = conn;
    this.#peer = peer;
  }

  /** Serves the connection to its end. Never rejects for what the peer does. */
  async run(): Promise<void> {
    const { wheel, counters, service, limit } = this.#context;
    ++counters.connections;
    ++counters.open;
    limit?.opened();
    wheel.add(this);
    service.opened?.(this.#conn, this.#peer);
    service.clientsChanged?.(limit?.open ?? counters.open, this.#peer, true);
    try {
      await this.#serve();
    } catch (error) {
      if (error instanceof CoreMemoryError) ++counters.overloads;
      else if (!isPeerGone(error)) throw error;
      else if (!this.#closed) ++counters.resets;
    } finally {
      this.close();
      wheel.remove(this);
      service.closed?.(this.#conn);
      --counters.open;
      limit?.closed();
      service.clientsChanged?.(limit?.open ?? counters.open, this.#peer, false);
      counters.served += this.#core.served(this.#conn);
      if (!this.#context.keepsBlock) this.#core.close(this.#conn);
    }
  }

  /** Closes at once. A pending receive ends; what was being sent is lost. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stream.close();
  }

  /** Closes now when nothing is in progress, else as soon as it is done. */
  drain(): void {
    this.#draining = true;
    if (this.#receiving && this.#context.service.phase(this.#conn) === Phase.Idle) this.close();
  }

  /** A timeout is over. */
  onTimeout(): void {
    const { counters, service } = this.#context;
    ++counters.timeouts;
    if (
      !this.#receiving || this.#ending !== undefined || service.phase(this.#conn) === Phase.Idle
    ) {
      this.close();
      return;
    }
    // The receive that is under way goes on; `#serve` drains when it returns.
    service.expire(this.#conn);
    this.#ending = this.#sendEnd();
    this.#ending.catch(() => this.close());
  }

  async #serve(): Promise<void> {
    const core = this.#core;
    const conn = this.#conn;
    const stream = this.#stream;
    const { wheel, timeouts, counters, service } = this.#context;
    let view = core.inputView(conn);
    let phase = Phase.Idle;
    wheel.set(this, timeouts.idleMs);
    for (;;) {
      this.#receiving = true;
      const count = await stream.read(view);
      this.#receiving = false;
      if (this.#ending !== undefined) {
        await this.#ending;
        if (count) await this.#drainInput();
        return;
      }
      let next: Effect | Promise<Effect>;
      if (!count) {
        next = service.finish(conn, this);
      } else {
        counters.bytesIn += count;
        core.received(conn, count);
        next = service.receive(conn, this);
      }
      // An await costs a turn of the microtask queue: not for services of this thread.
      let effect = typeof next === "number" ? next : await next;
      while (effect !== Effect.Read || core.outBlock(conn) !== 0) {
        if (core.outBlock(conn) !== 0) {
          wheel.set(this, timeouts.writeMs);
          // The first write stands here, not behind another promise: it is all that most need.
          const out = core.outView(core.outBlock(conn));
          const written = await stream.write(out);
          counters.bytesOut += written;
          if (written < out.length) await this.write(out.subarray(written));
          core.dropOutBlock(conn);
          continue;
        }
        if (effect === Effect.SendPiece) {
          await this.write(core.view(core.pieceStart(conn), core.pieceLength(conn)));
        } else if (effect === Effect.Respond) {
          effect = await service.respond!(conn, this);
          continue;
        } else if (effect === Effect.Close) {
          return;
        } else if (effect === Effect.Linger) {
          this.#ending = this.#sendEnd();
          await this.#ending;
          if (count) await this.#drainInput();
          return;
        }
        effect = await service.receive(conn, this);
      }
      if (!count) return;
      view = core.inputView(conn, view);
      phase = this.#await(phase);
      if (this.#draining && phase === Phase.Idle) return;
    }
  }

  /** Sets the timeout for what the service waits for now. @returns the phase */
  #await(before: Phase): Phase {
    const { wheel, timeouts, service } = this.#context;
    const phase = service.phase(this.#conn);
    if (phase === Phase.Idle) wheel.set(this, timeouts.idleMs);
    else if (phase === Phase.Content) wheel.set(this, timeouts.contentMs);
    // The time for a head does not start anew with every byte of it.
    else if (before !== Phase.Head) wheel.set(this, timeouts.headMs);
    return phase;
  }

  async write(view: Uint8Array): Promise<void> {
    const { wheel, timeouts, counters } = this.#context;
    for (let sent = 0; sent < view.length;) {
      wheel.set(this, timeouts.writeMs);
      const count = await this.#stream.write(sent === 0 ? view : view.subarray(sent));
      counters.bytesOut += count;
      sent += count;
    }
  }

  async flush(): Promise<void> {
    const core = this.#core;
    for (let block = core.outBlock(this.#conn); block !== 0; block = core.outBlock(this.#conn)) {
      await this.write(core.outView(block));
      core.dropOutBlock(this.#conn);
    }
  }

  /**
   * RFC 9112 section 9.6: closing while the peer still sends makes the kernel reset the
   * connection, which destroys the response on its way. So: FIN, read until the peer's FIN or a
   * bound, close.
   */
  async #sendEnd(): Promise<void> {
    await this.flush();
    this.#context.wheel.set(this, this.#context.timeouts.lingerMs);
    await this.#stream.closeWrite();
  }

  async #drainInput(): Promise<void> {
    this.#core.rewind(this.#conn);
    const view = this.#core.inputView(this.#conn);
    for (let left = LINGER_BYTES; left > 0;) {
      const count = await this.#stream.read(view);
      if (!count) return;
      this.#context.counters.bytesIn += count;
      left -= count;
    }
  }
}
