/**
 * One connection, from accept to close: a synchronous state machine between a service and a driver.
 * It has no socket and awaits no promise; each event returns what the connection wants next.
 *
 * It does one thing at a time, which provides backpressure: nothing is received while output waits
 * to be sent. So nothing is read from a peer that does not read, and a connection never holds more
 * than its input block and the output of one batch.
 *
 * Ten thousand connections may be idle at once, so an idle one keeps nothing but this object, its
 * driver and its block.
 */
import { Code, type Core } from "../../core/mod.ts";
import { type ConnectionList, Doing } from "./connection_list.ts";
import type { ConnectionLimit } from "./connection_limit.ts";
import type { Counters } from "./counters.ts";
import { type Driver, Want } from "./driver.ts";
import { PeerGone } from "./peer_gone.ts";
import { Effect, type FileRange, Phase, type Sender, type Service } from "./service.ts";
import { type Deadlines, type Moment, NEVER, type Timed } from "./deadlines.ts";

/** Timeouts of a connection, in ms; 0 for none. */
export interface Timeouts {
  /** Between messages, and before the first byte. */
  idleMs: number;
  /** From the first byte of a head to its end. */
  headMs: number;
  /** Between two bytes of content. */
  contentMs: number;
  /** Until the peer receives more of what is sent. */
  writeMs: number;
  /** Draining before a close. */
  lingerMs: number;
}

/** What all connections of a server have in common. */
export interface ConnectionContext {
  core: Core;
  service: Service;
  wheel: Deadlines;
  timeouts: Timeouts;
  counters: Counters;
  /** Into how many sends each output is split: see `SendOptions`. */
  writes: number;
  /** Counts the connections of all threads; absent: another thread does. */
  limit?: ConnectionLimit;
  /**
   * `connection` has ended. Its block is still open; this function closes it.
   *
   * @param fault an error that the peer did not cause: a bug
   */
  onEnd(connection: Connection, fault: unknown): void;
}

/** Number of words that {@linkcode Connection.save} writes. */
export const SAVED_WORDS = 9;

/** Most bytes that a lingering close drains. */
const LINGER_BYTES = 64 << 20;

/** How long a connection lingers while its server drains, in ms: several round trips. */
const DRAIN_LINGER_MS = 1000;

/**
 * How often a timeout is extended because this thread was too busy to read: on a machine with ten
 * times too much to do, what a peer sent is read only after many seconds. By default this amounts
 * to a minute for idle connections, which would be closed without an answer; it is less for
 * content, where the peer gets an error answer.
 */
const MAX_IDLE_EXTENSIONS = 11;
const MAX_CONTENT_EXTENSIONS = 3;

/** The state of a connection. */
const enum State {
  /** It waits for input. */
  Receiving,
  /** It sends output, or waits for a service. */
  Answering,
  /** It sends its last output. From here on, input is discarded. */
  Ending,
  /** It sends its FIN. */
  Finishing,
  /** It waits for the peer's FIN. */
  Lingering,
  /** It waits for its driver to let go of the socket, and for its service. */
  Closed,
}

/** What a connection that waits for input is doing, by phase. */
const RECEIVING = [Doing.Idle, Doing.Head, Doing.Content] as const satisfies Record<Phase, Doing>;

/**
 * What a connection does in `state`. A closed one counts as lingering until its driver lets go of
 * the socket and its service has ended.
 *
 * @param phase what its service waits for
 * @param isWorking whether a service is working and sends nothing
 */
function doingIn(state: State, phase: Phase, isWorking: boolean): Doing {
  switch (state) {
    case State.Receiving:
      return RECEIVING[phase];
    case State.Answering:
      return isWorking ? Doing.Working : Doing.Sending;
    case State.Ending:
      return Doing.Sending;
    case State.Finishing:
    case State.Lingering:
    case State.Closed:
      return Doing.Lingering;
  }
}

/** What the connection is doing that {@linkcode Connection.save} wrote to `words` at `at`. */
export function savedDoing(words: Int32Array, at: number, phase: Phase): Doing {
  return doingIn(words[at] & 15, phase, false);
}

/** What is sent. */
const enum Sending {
  /** The first block of the output. */
  Block,
  /** The piece of the input that the service has found. */
  Piece,
  /** Bytes outside of the core's memory. */
  View,
  /** Bytes of a file. */
  File,
}

/** A send in progress for a service that answers asynchronously. */
interface Writing extends PromiseWithResolvers<void> {
  /** The bytes, or the file, to send; if neither is given, the waiting output. */
  view?: Uint8Array;
  file?: number;
}

/** One connection. Its events are called by its driver; none of them throws. */
export class Connection implements Timed, Sender {
  deadlineTick = NEVER;
  wheelSlot = -1;
  /** The connection's block. */
  conn: number;
  readonly sendFile: Sender["sendFile"];
  sentBytes = 0;
  readonly #context: ConnectionContext;
  readonly #driver: Driver;
  #peer: string;
  #state = State.Answering;
  /** What the service wants next; carried out when no output waits. */
  #effect = Effect.Read;
  #sending = Sending.Block;
  /**
   * Where the rest of what is being sent begins, in the core's memory, the view or the file, and
   * its length in bytes.
   */
  #outStart = 0;
  #outLength = 0;
  /** With `writes` above 1: bytes that follow those, and how many sends they take. */
  #partsLength = 0;
  #parts = 0;
  #writing: Writing | undefined;
  /** Whether the driver is receiving. */
  #isReceiving = false;
  /** Whether a promise of the service is outstanding. */
  #isAwaiting = false;
  /** Whether the peer has sent its FIN. */
  #hasEnded = false;
  #isOver = false;
  /** Bytes that lingering still drains. */
  #lingerLeft = LINGER_BYTES;
  /** Deadline of the current head, and how many requests came before it. */
  #headDeadlineTick = NEVER;
  #headIndex = -1;
  /** How often the timeout of the present receive was extended. */
  #extensions = 0;
  /** An error that the peer did not cause: a bug. */
  #fault: unknown;

  /** @param conn the connection's block, opened in `context.core` */
  constructor(context: ConnectionContext, driver: Driver, conn: number, peer: string) {
    this.#context = context;
    this.#driver = driver;
    this.conn = conn;
    this.#peer = peer;
    if (driver.sendsFiles) this.sendFile = sendFile;
  }

  // For threads that share connections

  /**
   * Reuses this object for a new connection. The previous one has ended, or was stored with `save`.
   */
  renew(conn: number, peer: string): void {
    this.conn = conn;
    this.#peer = peer;
    this.sentBytes = 0;
    this.#state = State.Answering;
    this.#effect = Effect.Read;
    this.#sending = Sending.Block;
    this.#outStart =
      this.#outLength =
      this.#partsLength =
      this.#parts =
        0;
    this.#writing = undefined;
    this.#isReceiving =
      this.#isAwaiting =
      this.#hasEnded =
      this.#isOver =
        false;
    this.#lingerLeft = LINGER_BYTES;
    this.#headDeadlineTick = NEVER;
    this.#headIndex = -1;
    this.#extensions = 0;
    this.#fault = undefined;
  }

  /**
   * Writes what another thread needs to continue the connection to `words`, from `at` on. Only
   * allowed while the connection waits for nothing but its socket, and no service works for it.
   */
  save(words: Int32Array, at: number): void {
    words[at] = this.#state | this.#effect << 4 | this.#sending << 8 |
      (this.#isReceiving ? 1 << 12 : 0) | (this.#hasEnded ? 1 << 13 : 0);
    words[at + 1] = this.#outStart;
    words[at + 2] = this.#outLength;
    words[at + 3] = this.#lingerLeft;
    words[at + 4] = this.#headDeadlineTick;
    words[at + 5] = this.#headIndex;
    words[at + 6] = this.#extensions;
    words[at + 7] = this.#partsLength;
    words[at + 8] = this.#parts;
  }

  /** Continues the connection that was written to `words`. */
  restore(words: Int32Array, at: number): void {
    const bits = words[at];
    this.#state = bits & 15;
    this.#effect = bits >>> 4 & 15;
    this.#sending = bits >>> 8 & 15;
    this.#isReceiving = (bits & 1 << 12) !== 0;
    this.#hasEnded = (bits & 1 << 13) !== 0;
    this.#outStart = words[at + 1] >>> 0;
    this.#outLength = words[at + 2];
    this.#lingerLeft = words[at + 3];
    this.#headDeadlineTick = words[at + 4];
    this.#headIndex = words[at + 5];
    this.#extensions = words[at + 6];
    this.#partsLength = words[at + 7];
    this.#parts = words[at + 8];
  }

  // Events

  /** The socket is ready to use. */
  start(): Want {
    const { wheel, counters, service, limit } = this.#context;
    ++counters.connections;
    ++counters.open;
    limit?.opened();
    wheel.add(this);
    try {
      service.opened?.(this.conn, this.#peer);
      service.clientsChanged?.(limit?.open ?? counters.open, this.#peer, true);
      return this.#receive();
    } catch (error) {
      return this.#fail(error);
    }
  }

  /** `count` bytes were received into the input; 0: the peer's FIN. */
  received(count: number): Want {
    this.#isReceiving = false;
    if (this.#state !== State.Receiving) return this.#drained(count);
    const { conn } = this;
    const { core, counters, service } = this.#context;
    this.#state = State.Answering;
    try {
      if (count === 0) {
        this.#hasEnded = true;
        return this.#follow(service.finish(conn));
      }
      counters.bytesIn += count;
      core.received(conn, count);
      return this.#follow(service.receive(conn));
    } catch (error) {
      return this.#fail(error);
    }
  }

  /** `count` bytes were received into the input, but no thread has time to handle them. */
  refused(count: number): Want {
    this.#isReceiving = false;
    const { conn } = this;
    const { core, counters, service } = this.#context;
    counters.bytesIn += count;
    core.received(conn, count);
    try {
      service.refuse?.(conn);
      return this.#sendLast();
    } catch (error) {
      return this.#fail(error);
    }
  }

  /** `count` bytes of `output` were sent. */
  sent(count: number): Want {
    if (this.#state === State.Closed) return Want.Close;
    const { wheel, timeouts, counters } = this.#context;
    counters.bytesOut += count;
    if (this.#writing !== undefined) this.sentBytes += count;
    if (count < this.#outLength) {
      this.#outStart += count;
      this.#outLength -= count;
      wheel.set(this, timeouts.writeMs);
      return Want.Send;
    }
    if (this.#parts > 0) return this.#sendPart(this.#outStart + count, this.#partsLength);
    try {
      return this.#wasSent();
    } catch (error) {
      return this.#fail(error);
    }
  }

  /** The file ended before everything was sent. */
  fileEnded(): Want {
    if (this.#state === State.Closed) return Want.Close;
    return this.#written(this.#writing!);
  }

  /** The FIN was sent. */
  finished(): Want {
    if (this.#state === State.Closed) return Want.Close;
    if (this.#hasEnded) return this.#close();
    this.#state = State.Lingering;
    return this.#drain();
  }

  /** The service has answered. */
  resumed(effect: Effect): Want {
    this.#isAwaiting = false;
    if (this.#state === State.Closed) return Want.Close;
    try {
      return this.#follow(effect);
    } catch (error) {
      return this.#fail(error);
    }
  }

  /** The service's promise was rejected. */
  rejected(error: unknown): Want {
    this.#isAwaiting = false;
    return this.#fail(error);
  }

  /** Receiving, sending or closing has failed: {@linkcode PeerGone}, or a bug. */
  failed(error: unknown): Want {
    const writing = this.#writing;
    if (writing === undefined || this.#state === State.Closed) return this.#fail(error);
    // The service gets the error; `resumed` or `rejected` will follow.
    this.#writing = undefined;
    writing.reject(error);
    return Want.Await;
  }

  /** The timeout has expired. Never throws. */
  onTimeout(): void {
    this.#driver.advance(this.#expire());
  }

  /**
   * Called while the server drains: sends the FIN if nothing is in progress. The peer may be
   * sending, so the connection is not closed at once, but it delays the server's end by a second at
   * most. Never throws.
   */
  endIfIdle(): void {
    const { service, wheel } = this.#context;
    if (this.isLingering) {
      const deadline = wheel.deadlineAfter(DRAIN_LINGER_MS);
      if (deadline < this.deadlineTick) wheel.setDeadline(this, deadline);
    } else if (this.#state === State.Receiving) {
      try {
        if (service.phase(this.conn) === Phase.Idle) this.#driver.advance(this.#finishWrite());
      } catch (error) {
        this.#driver.advance(this.#fail(error));
      }
    }
  }

  /** Closes at once; output that is being sent is lost. Never throws. */
  close(): void {
    this.#driver.advance(this.#close());
  }

  // What drivers ask

  /** The bytes to send, for drivers that send views. Do not keep the view. */
  get output(): Uint8Array {
    if (this.#sending === Sending.View) return this.#view();
    return this.#context.core.view(this.#outStart, this.#outLength);
  }

  /** Address in the core's memory of the bytes to send; -1: they are elsewhere. */
  get outStart(): number {
    return this.#sending >= Sending.View ? -1 : this.#outStart;
  }

  /** The descriptor of the file to send from `outOffset` on; -1: `output` is to be sent. */
  get outFile(): number {
    return this.#sending === Sending.File ? this.#writing!.file! : -1;
  }

  /** Offset in the file of the next byte to send. */
  get outOffset(): number {
    return this.#outStart;
  }

  /** Number of bytes to send. */
  get outLength(): number {
    return this.#outLength;
  }

  /**
   * Whether the FIN follows the last response, so that nothing is lost when the connection is
   * closed.
   */
  get isLingering(): boolean {
    return this.#state === State.Finishing || this.#state === State.Lingering;
  }

  /** Whether a service still works for this connection, which must not `end` yet. */
  get isAwaiting(): boolean {
    return this.#isAwaiting;
  }

  /** It waits for input. */
  get isReceiving(): boolean {
    return this.#state === State.Receiving;
  }

  /** What it is doing now. */
  get doing(): Doing {
    const isWorking = this.#isAwaiting && this.#writing === undefined;
    return doingIn(this.#state, this.#context.service.phase(this.conn), isWorking);
  }

  /** Adds its state at `now` to `list`, which must have room. */
  observe(list: ConnectionList, now: Moment): void {
    const { core } = this.#context;
    const { conn, doing } = this;
    // Another thread may change the count meanwhile.
    const inputBytes = Math.max(0, core.pending(conn));
    list.add(core.blockNumber(conn), doing, inputBytes, now.untilMs(this.deadlineTick));
  }

  /** Whether it has ended and nothing works for it any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether the connection will wait for its peer once the present send is complete. */
  get awaitsPeerNext(): boolean {
    return this.#effect === Effect.Read && this.#sending === Sending.Block && this.#parts === 0 &&
      this.#state === State.Answering && !this.#hasEnded && this.#writing === undefined &&
      !this.#isAwaiting && this.#context.core.hasOneOutBlock(this.conn);
  }

  /** Whether the service waits for the present send. */
  get isWriting(): boolean {
    return this.#writing !== undefined;
  }

  /**
   * Releases everything. The socket must be closed, with nothing in flight and no service at work.
   */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { core, wheel, counters, service, limit } = this.#context;
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

  // For services that answer asynchronously

  write(view: Uint8Array): Promise<void> {
    if (view.length === 0) return Promise.resolve();
    return this.#write({ view }, () => this.#send(Sending.View, 0, view.length));
  }

  flush(): Promise<void> {
    if (this.#context.core.outBlock(this.conn) === 0) return Promise.resolve();
    return this.#write({}, () => this.#sendBlock());
  }

  /** See `Sender.sendFile`. @internal */
  async sendRange({ file, offset, length }: FileRange): Promise<number> {
    const before = this.sentBytes;
    if (length > 0) await this.#write({ file }, () => this.#send(Sending.File, offset, length));
    return this.sentBytes - before;
  }

  #write(what: Pick<Writing, "view" | "file">, begin: () => Want): Promise<void> {
    if (this.#state === State.Closed) return Promise.reject(new PeerGone("The socket is closed"));
    const writing = this.#writing = { ...Promise.withResolvers<void>(), ...what };
    this.#driver.advance(begin());
    return writing.promise;
  }

  #view(): Uint8Array {
    const view = this.#writing!.view!;
    const start = this.#outStart;
    const length = this.#outLength;
    return length === view.length ? view : view.subarray(start, start + length);
  }

  // Steps

  /**
   * Carries out what the service wants, and asks it again, until there is something to wait for.
   */
  #follow(next: Effect | Promise<Effect>): Want {
    const { service } = this.#context;
    for (;;) {
      if (typeof next !== "number") return this.#await(next);
      this.#effect = next;
      const want = this.#carryOut();
      if (want !== undefined) return want;
      next = this.#effect === Effect.Respond
        ? service.respond!(this.conn, this)
        : service.receive(this.conn);
    }
  }

  /**
   * Sends waiting output, then does what the service wants. @returns undefined when the service is
   * to be asked again
   */
  #carryOut(): Want | undefined {
    const { conn } = this;
    const { core } = this.#context;
    if (core.outBlock(conn) !== 0) return this.#sendBlock();
    switch (this.#effect) {
      case Effect.SendPiece:
        return this.#send(Sending.Piece, core.pieceStart(conn), core.pieceLength(conn));
      case Effect.Read:
        return this.#hasEnded ? this.#close() : this.#receive();
      case Effect.Close:
        return this.#close();
      case Effect.Linger:
        return this.#finishWrite();
    }
  }

  #sendBlock(): Want {
    const { core } = this.#context;
    const block = core.outBlock(this.conn);
    return this.#send(Sending.Block, core.outStart(block), core.outLength(block));
  }

  #send(sending: Sending, start: number, length: number): Want {
    const { wheel, timeouts, writes } = this.#context;
    this.#sending = sending;
    if (writes > 1) {
      this.#parts = Math.min(writes, length);
      return this.#sendPart(start, length);
    }
    this.#outStart = start;
    this.#outLength = length;
    wheel.set(this, timeouts.writeMs);
    return Want.Send;
  }

  /** Sends the first of `#parts` equal parts of `length` bytes at `start`. */
  #sendPart(start: number, length: number): Want {
    const { wheel, timeouts } = this.#context;
    const partLength = Math.ceil(length / this.#parts--);
    this.#partsLength = length - partLength;
    this.#outStart = start;
    this.#outLength = partLength;
    wheel.set(this, timeouts.writeMs);
    return Want.Send;
  }

  /** The block, piece or view was sent as a whole. */
  #wasSent(): Want {
    const { core, service } = this.#context;
    if (this.#sending === Sending.Block) {
      core.dropOutBlock(this.conn);
      if (core.outBlock(this.conn) !== 0) return this.#sendBlock();
    }
    if (this.#writing !== undefined) return this.#written(this.#writing);
    if (this.#state === State.Ending) return this.#finishWrite();
    // The service found a piece, and continues after it.
    if (this.#sending === Sending.Piece) return this.#follow(service.receive(this.conn));
    return this.#follow(this.#effect);
  }

  #written(writing: Writing): Want {
    this.#writing = undefined;
    // No timeout: the service may now wait for a disk or a Worker, which is not the peer's fault.
    this.#context.wheel.set(this, 0);
    writing.resolve();
    return Want.Await;
  }

  /** Waits for a service on another thread, or a disk. There is no timeout meanwhile. */
  #await(effect: Promise<Effect>): Want {
    this.#isAwaiting = true;
    // If the service is sending already, the timeout of that send stays.
    if (this.#writing === undefined) this.#context.wheel.set(this, 0);
    this.#driver.await(effect);
    return Want.Await;
  }

  #receive(): Want {
    this.#setReceiveTimeout();
    this.#state = State.Receiving;
    this.#isReceiving = true;
    return Want.Receive;
  }

  #expire(): Want {
    const { counters, service, wheel } = this.#context;
    // The answer and the FIN were sent, but the peer does not close.
    if (this.isLingering) return this.#close();
    const isReceiving = this.#state === State.Receiving;
    try {
      const phase = isReceiving ? service.phase(this.conn) : Phase.Idle;
      const most = phase === Phase.Idle ? MAX_IDLE_EXTENSIONS : MAX_CONTENT_EXTENSIONS;
      // The timeout of a head is never extended, or a slow trickle of bytes could extend it
      // forever.
      if (
        isReceiving && phase !== Phase.Head && this.#extensions < most &&
        (this.#driver.wasHeldUp?.() || wheel.isLate)
      ) {
        ++this.#extensions;
        this.#setTimeoutOf(phase);
        return Want.Await;
      }
      ++counters.timeouts;
      if (phase === Phase.Idle) return this.#close();
      service.expire(this.conn);
      return this.#sendLast();
    } catch (error) {
      return this.#fail(error);
    }
  }

  /** Sends the waiting output, and nothing after it. */
  #sendLast(): Want {
    const hasOutput = this.#context.core.outBlock(this.conn) !== 0;
    this.#state = State.Ending;
    return hasOutput ? this.#sendBlock() : this.#finishWrite();
  }

  /**
   * RFC 9112 section 9.6: closing while the peer still sends makes the kernel reset the connection,
   * which may destroy the response on its way. So it sends a FIN, reads until the peer's FIN or a
   * bound, and then closes.
   */
  #finishWrite(): Want {
    this.#state = State.Finishing;
    this.#context.wheel.set(this, this.#context.timeouts.lingerMs);
    return Want.FinishWrite;
  }

  /** Receives input to discard, unless it does so already. */
  #drain(): Want {
    if (this.#isReceiving) return Want.Await;
    this.#isReceiving = true;
    this.#context.core.rewind(this.conn);
    return Want.Receive;
  }

  /** `count` bytes were received and are discarded. */
  #drained(count: number): Want {
    if (this.#state === State.Closed) return Want.Close;
    if (count === 0) this.#hasEnded = true;
    this.#context.counters.bytesIn += count;
    // The last output, or the FIN, is still being sent.
    if (this.#state !== State.Lingering) return Want.Await;
    this.#lingerLeft -= count;
    return this.#hasEnded || this.#lingerLeft <= 0 ? this.#close() : this.#drain();
  }

  #close(): Want {
    if (this.#state === State.Closed) return Want.Close;
    this.#state = State.Closed;
    this.#writing?.reject(new PeerGone("The socket is closed"));
    this.#writing = undefined;
    this.#attempt(() => this.#context.service.aborted?.(this.conn));
    return Want.Close;
  }

  /** Closes the connection; counts a failure of the peer, or keeps `error` if it is a bug. */
  #fail(error: unknown): Want {
    if (!(error instanceof PeerGone)) this.#fault ??= error;
    else if (this.#state !== State.Closed) ++this.#context.counters.resets;
    return this.#close();
  }

  /**
   * Calls `action` at the end of the connection, and keeps its error to be reported with `onEnd`.
   */
  #attempt(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#fault ??= error;
    }
  }

  // Timeouts

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
      // The timeout of a head does not restart with every byte.
      const index = core.served(this.conn);
      if (index !== this.#headIndex) this.#headDeadlineTick = wheel.deadlineAfter(timeouts.headMs);
      this.#headIndex = index;
      wheel.setDeadline(this, this.#headDeadlineTick);
    }
  }
}

/** The method of connections whose driver sends files. */
function sendFile(this: Connection, range: FileRange): Promise<number> {
  return this.sendRange(range);
}
