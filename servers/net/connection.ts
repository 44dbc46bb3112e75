/**
 * The driver of one connection: moves bytes between a stream and a service, one thing at a time.
 *
 * This order is the backpressure: nothing is received while output waits to be sent. So the driver
 * does not read from a peer that does not read, and a connection never holds more than its input
 * block and the output of one batch.
 *
 * Ten thousand connections may be idle at once. An idle one may keep this object, one suspended
 * function and the view that it receives into, nothing else.
 */
import { Code, type Core } from "../../core/mod.ts";
import type { ConnectionLimit } from "./connection_limit.ts";
import type { Counters } from "./counters.ts";
import type { Stream } from "./stream.ts";
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
  /** Until the peer takes more of what is sent. */
  writeMs: number;
  /** Draining before a close. */
  lingerMs: number;
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
  /**
   * `connection` has ended. Its block is still open; this function closes it.
   *
   * @param fault an error that the peer did not cause: a bug
   */
  onEnd(connection: Connection, fault: unknown): void;
}

/** Bytes that a lingering close drains at the most. */
const LINGER_BYTES = 64 << 20;

/** How long a connection lingers while its server drains, in ms: several round trips. */
const DRAIN_LINGER_MS = 1000;

/**
 * How often a peer gets the same time again because the thread had no time for it: on a machine with
 * ten times too much to do, what a peer sent is read after seconds.
 */
const MAX_EXTENSIONS = 3;

/** Whether `error` says that the peer is gone, which is an event and not a fault. */
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
  /** The connection's block. */
  readonly conn: number;
  readonly #context: ConnectionContext;
  readonly #stream: Stream;
  readonly #peer: string;
  sentBytes = 0;
  /** When the time for the current head is over, and how many requests came before it. */
  #headDeadlineTick = NEVER;
  #headIndex = -1;
  #isReceiving = false;
  /** How often the time for what is received now was extended. */
  #extensions = 0;
  #isClosed = false;
  /** An error that the peer did not cause: a bug. */
  #fault: unknown;
  /** Sends the last response and the FIN. Bytes received meanwhile are thrown away. */
  #ending: Promise<void> | undefined;
  #isLingering = false;

  /** @param conn the connection's block, opened in `context.core` */
  constructor(context: ConnectionContext, stream: Stream, conn: number, peer: string) {
    this.#context = context;
    this.#stream = stream;
    this.conn = conn;
    this.#peer = peer;
  }

  /** Serves the connection to its end. Never rejects; `context.onEnd` is told. */
  async serve(): Promise<void> {
    const { conn } = this;
    const { core, wheel, timeouts, counters, service } = this.#context;
    const stream = this.#stream;
    try {
      this.#begin();
      let view = core.inputView(conn);
      for (;;) {
        this.#isReceiving = true;
        const count = await stream.read(view);
        this.#isReceiving = false;
        if (this.#ending !== undefined) return await this.#linger(count);
        let next: Effect | Promise<Effect>;
        if (count) {
          counters.bytesIn += count;
          core.received(conn, count);
          next = service.receive(conn);
        } else next = service.finish(conn);
        // An await costs a turn of the microtask queue, which services of this thread do not need.
        let effect = typeof next === "number" ? next : await this.#untimed(next);
        for (;;) {
          const block = core.outBlock(conn);
          if (block === 0 && effect !== Effect.SendPiece) {
            if (effect === Effect.Read) break;
            if (effect === Effect.Close) return;
            if (effect === Effect.Linger) return await this.#linger(count);
          } else {
            const out = block !== 0
              ? core.outView(block)
              : core.view(core.pieceStart(conn), core.pieceLength(conn));
            wheel.set(this, timeouts.writeMs);
            // The first write is not behind another promise: most output needs no second write.
            const written = await stream.write(out);
            counters.bytesOut += written;
            if (written < out.length) await this.write(out.subarray(written));
            if (block !== 0) {
              core.dropOutBlock(conn);
              if (effect !== Effect.Flush || core.outBlock(conn) !== 0) continue;
            }
          }
          next = effect === Effect.Respond ? service.respond!(conn, this) : service.receive(conn);
          effect = typeof next === "number" ? next : await this.#untimed(next);
        }
        if (!count) return;
        view = core.inputView(conn, view);
        this.#setReceiveTimeout();
      }
    } catch (error) {
      this.#judge(error);
    } finally {
      this.#end();
    }
  }

  /** Closes at once. A pending receive ends; output that was being sent is lost. Never throws. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#attempt(() => this.#stream.close());
    this.#attempt(() => this.#context.service.aborted?.(this.conn));
  }

  /** The FIN is sent behind the last response: nothing is lost when the connection is closed. */
  get isLingering(): boolean {
    return this.#isLingering;
  }

  /**
   * The server drains: sends the FIN if nothing is in progress. The peer may be sending, so the
   * connection is not closed at once; but it delays the end of the server for a second at most.
   * Never throws.
   */
  endIfIdle(): void {
    this.#attempt(() => {
      const { service, wheel } = this.#context;
      if (this.#isLingering) {
        const deadline = wheel.deadlineAfter(DRAIN_LINGER_MS);
        if (deadline < this.deadlineTick) wheel.setDeadline(this, deadline);
      } else if (
        this.#isReceiving && this.#ending === undefined && service.phase(this.conn) === Phase.Idle
      ) this.#endReceiving();
    });
  }

  /** A timeout is over. Never throws. */
  onTimeout(): void {
    this.#attempt(() => this.#expire());
  }

  /**
   * Calls `action` on behalf of code that serves other connections, too. An error of it ends this
   * connection, and is reported with its end.
   */
  #attempt(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#judge(error);
      this.close();
    }
  }

  #expire(): void {
    const { counters, service } = this.#context;
    // The peer has received its answer and the FIN, and does not close.
    if (this.#isLingering) return this.close();
    const isReceiving = this.#isReceiving && this.#ending === undefined;
    const phase = isReceiving ? service.phase(this.conn) : Phase.Idle;
    // The time for a head is never extended: bytes that drip would extend it for ever.
    if (
      isReceiving && phase !== Phase.Head && this.#extensions < MAX_EXTENSIONS &&
      (this.#stream.wasHeldUp?.() || this.#context.wheel.isLate)
    ) {
      ++this.#extensions;
      return this.#setTimeoutOf(phase);
    }
    ++counters.timeouts;
    if (phase === Phase.Idle) return this.close();
    service.expire(this.conn);
    this.#endReceiving();
  }

  async write(view: Uint8Array): Promise<void> {
    const { wheel, timeouts, counters } = this.#context;
    for (let sent = 0; sent < view.length;) {
      wheel.set(this, timeouts.writeMs);
      const count = await this.#stream.write(sent === 0 ? view : view.subarray(sent));
      counters.bytesOut += count;
      this.sentBytes += count;
      sent += count;
    }
    // The service may now wait for a disk or a Worker, which is not the peer's fault.
    wheel.set(this, 0);
  }

  async flush(): Promise<void> {
    const { core } = this.#context;
    for (let block = core.outBlock(this.conn); block !== 0; block = core.outBlock(this.conn)) {
      await this.write(core.outView(block));
      core.dropOutBlock(this.conn);
    }
  }

  #begin(): void {
    const { wheel, counters, service, timeouts, limit } = this.#context;
    ++counters.connections;
    ++counters.open;
    limit?.opened();
    wheel.add(this);
    wheel.set(this, timeouts.idleMs);
    service.opened?.(this.conn, this.#peer);
    service.clientsChanged?.(limit?.open ?? counters.open, this.#peer, true);
  }

  #end(): void {
    const { core, wheel, counters, service, limit } = this.#context;
    this.close();
    wheel.remove(this);
    this.#attempt(() => service.closed?.(this.conn));
    --counters.open;
    limit?.closed();
    this.#attempt(() => service.clientsChanged?.(limit?.open ?? counters.open, this.#peer, false));
    counters.served += core.served(this.conn);
    const code = core.code(this.conn);
    if (code === Code.OutOfMemory || code === Code.Busy) ++counters.overloads;
    this.#context.onEnd(this, this.#fault);
  }

  /** Counts a failure of the peer, or keeps `error` when it is a bug. */
  #judge(error: unknown): void {
    if (!isPeerGone(error)) this.#fault ??= error;
    else if (!this.#isClosed) ++this.#context.counters.resets;
  }

  /** Waits for a service on another thread, or a disk. The peer has no timeout meanwhile. */
  #untimed(next: Promise<Effect>): Promise<Effect> {
    this.#context.wheel.set(this, 0);
    return next;
  }

  /** Sets the timeout between two messages, or between two bytes of content. */
  #setTimeoutOf(phase: Phase.Idle | Phase.Content): void {
    const { wheel, timeouts: { idleMs, contentMs } } = this.#context;
    wheel.set(this, phase === Phase.Idle ? idleMs : contentMs);
  }

  /** Sets the timeout for what the service waits for now. */
  #setReceiveTimeout(): void {
    this.#extensions = 0;
    const { core, wheel, timeouts, service } = this.#context;
    const phase = service.phase(this.conn);
    if (phase !== Phase.Head) this.#setTimeoutOf(phase);
    else {
      // The time for a head does not start anew with every byte of it.
      const index = core.served(this.conn);
      if (index !== this.#headIndex) this.#headDeadlineTick = wheel.deadlineAfter(timeouts.headMs);
      this.#headIndex = index;
      wheel.setDeadline(this, this.#headDeadlineTick);
    }
  }

  /**
   * RFC 9112 section 9.6: closing while the peer still sends makes the kernel reset the
   * connection, which destroys the response on its way. So: FIN, read until the peer's FIN or a
   * bound, close.
   *
   * @param count what the last read returned
   */
  async #linger(count: number | null): Promise<void> {
    await (this.#ending ??= this.#sendEnd());
    if (!count) return;
    const { core, counters } = this.#context;
    core.rewind(this.conn);
    const view = core.inputView(this.conn);
    for (let left = LINGER_BYTES; left > 0;) {
      const count = await this.#stream.read(view);
      if (!count) return;
      counters.bytesIn += count;
      left -= count;
    }
  }

  /** Sends the end. The receive that is under way goes on; `serve` drains when it returns. */
  #endReceiving(): void {
    this.#ending = this.#sendEnd();
    this.#ending.catch(() => this.close());
  }

  async #sendEnd(): Promise<void> {
    await this.flush();
    this.#isLingering = true;
    this.#context.wheel.set(this, this.#context.timeouts.lingerMs);
    await this.#stream.closeWrite();
  }
}
