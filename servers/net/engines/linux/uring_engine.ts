/** The engine `io_uring`: one system call per turn submits operations and waits for completions. */
import { Errno } from "../../../../system/linux/errno.ts";
import { BufferRing } from "../../../../system/linux/io_uring/buffer_ring.ts";
import { IoUring } from "../../../../system/linux/io_uring/io_uring.ts";
import { CompletionFlag } from "../../../../system/linux/io_uring/structs.ts";
import { SystemError } from "../../../../system/linux/libc.ts";
import { close, peerAddress } from "../../../../system/linux/socket.ts";
import { ACCEPT_RETRY_MS } from "../../accept_loop.ts";
import type { EngineHost } from "../../engine.ts";
import { AcceptFailure, acceptFailure } from "./accept_failure.ts";
import type { CallCounts } from "./call_counts.ts";
import type { LoopEngine } from "./loop_engine.ts";
import { EventLoop, type EventSource } from "./event_loop.ts";
import type { ListeningSocket } from "./listening_socket.ts";
import type { OpenDescriptors } from "./open_descriptors.ts";
import type { Ticker } from "./ticker.ts";
import type { Tracer } from "../../trace/tracer.ts";
import { TracedRing } from "./traced_ring.ts";
import { GENERATIONS, Kind, KIND_SHIFT, type UringContext, UringDriver } from "./uring_driver.ts";
import { BUFFER_BYTES, BUFFERS } from "./uring_memory.ts";
import type { Waker } from "./waker.ts";

/** Entries of the submission queue: when it is full, it is submitted before the turn ends. */
const ENTRIES = 4096;

/** Entries of the completion queue. What does not fit waits in the kernel. */
const COMPLETIONS = 16_384;

/** The parts of the engine. */
export interface UringEngineOptions {
  socket: ListeningSocket;
  /** TCP_CORK: see `SendOptions`. */
  cork: boolean;
  ticker: Ticker;
  waker: Waker;
  open: OpenDescriptors;
  /** Records what the ring does; absent: nothing is traced. */
  tracer?: Tracer;
}

/** A listening socket and the loop of its thread. */
export class UringEngine implements LoopEngine, EventSource {
  readonly address: string;
  readonly port: number;
  readonly loop: EventLoop;
  readonly counts: CallCounts = { waits: 0, events: 0, calls: 0 };
  readonly #socket: ListeningSocket;
  readonly #cork: boolean;
  readonly #ticker: Ticker;
  readonly #open: OpenDescriptors;
  readonly #tracer: Tracer | undefined;
  readonly #done = Promise.withResolvers<void>();
  /** By descriptor. */
  readonly #drivers: (UringDriver | undefined)[] = [];
  #generation = 0;
  #host!: EngineHost;
  #context!: UringContext;
  #ring!: IoUring;
  #again: (() => void)[] = [];
  /**
   * Sockets accepted beyond the limit, because the kernel accepts several at once; they wait for
   * room.
   */
  readonly #accepted: number[] = [];
  #isStopped = false;
  /** The listening socket is closed, and its number may already be in use again. */
  #isClosed = false;
  #isAccepting = false;
  #retryMs = Infinity;

  constructor({ socket, cork, ticker, waker, open, tracer }: UringEngineOptions) {
    this.#socket = socket;
    this.#cork = cork;
    this.#open = open;
    this.#tracer = tracer;
    this.address = socket.address;
    this.port = socket.port;
    this.#ticker = ticker;
    this.loop = new EventLoop(this, { clock: ticker, waker });
  }

  get done(): Promise<void> {
    return this.#done.promise;
  }

  start(host: EngineHost): void {
    const { core } = host;
    this.#host = host;
    const options = { entries: ENTRIES, completions: COMPLETIONS, memory: core.bytes };
    const ring = this.#ring = this.#tracer === undefined
      ? new IoUring(options)
      : new TracedRing(options, this.#tracer);
    this.#open.add(ring.fd);
    const offsets = Array.from(
      { length: BUFFERS },
      (_, i) => core.reservedStart + i * BUFFER_BYTES,
    );
    this.#context = {
      core,
      ring,
      buffers: new BufferRing(ring, { group: 0, bytes: BUFFER_BYTES, offsets }),
      loop: this.loop,
      cork: this.#cork,
      counts: this.counts,
      quickSends: 0,
      again: (retry) => void this.#again.push(retry),
      closed: (fd) => {
        this.#drivers[fd] = undefined;
        this.#open.delete(fd);
      },
    };
    this.#await(this.loop.waker.fd, Kind.Wake);
    this.#await(this.#ticker.fd, Kind.Tick);
    this.#accept();
  }

  wake(): void {
    while (this.#accepted.length > 0 && !this.#host.limit.isReached()) {
      this.#serve(this.#accepted.shift()!);
    }
    if (this.#isAccepting || this.#isStopped) return;
    // This thread is not notified when a connection of another thread ends, so it checks again
    // later.
    if (this.#host.limit.isReached()) this.#retryMs = performance.now() + ACCEPT_RETRY_MS;
    else this.#accept();
  }

  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    // Only the kernel has accepted these; they were never served.
    for (const fd of this.#accepted.splice(0)) this.#drop(fd);
    if (!this.#isAccepting) return this.#stopped();
    this.#cancelAccept();
  }

  close(): void {
    this.stop();
    this.#stopped();
    this.#open.delete(this.#ring.fd);
    this.#ring.close();
    this.#ticker.close();
    this.#open.delete(this.#ticker.fd);
  }

  turn(timeoutMs: number): number {
    const ring = this.#ring;
    if (this.#retryMs !== Infinity) timeoutMs = Math.min(timeoutMs, this.#retry());
    if (this.#again.length > 0) timeoutMs = 0;
    ++this.counts.waits;
    ++this.counts.calls;
    // The completions of quick sends alone are no reason to return.
    const awaited = timeoutMs === 0 ? 0 : this.#context.quickSends + 1;
    this.#context.quickSends = 0;
    const count = ring.enter(awaited, timeoutMs === Infinity ? -1 : timeoutMs);
    if (count < 0 && count !== -Errno.EAGAIN && count !== -Errno.EBUSY) {
      throw new SystemError("io_uring_enter", -count);
    }
    for (let i = 0; i < count; ++i) {
      this.#completed(ring.userLow(i), ring.userHigh(i), ring.result(i), ring.flags(i));
    }
    if (count > 0) {
      this.counts.events += count;
      ring.seen(count);
    }
    for (const retry of this.#again.splice(0)) retry();
    return Math.max(0, count);
  }

  #completed(low: number, high: number, result: number, flags: number): void {
    const kind: Kind = high >>> KIND_SHIFT;
    const isLast = (flags & CompletionFlag.More) === 0;
    switch (kind) {
      case Kind.Accept:
        return this.#acceptCompleted(result, isLast);
      case Kind.Wake:
        this.loop.woken();
        if (isLast) this.#await(this.loop.waker.fd, kind);
        return;
      case Kind.Tick:
        this.#ticker.ticked();
        if (isLast) this.#await(this.#ticker.fd, kind);
        return;
      case Kind.CancelAccept:
        return;
    }
    const driver = this.#drivers[low];
    // A descriptor is closed only when nothing is in flight, so a matching generation is always
    // this connection's.
    if (driver?.generation !== (high & GENERATIONS - 1)) return;
    try {
      driver.completed(kind, result, flags);
    } catch (error) {
      driver.broken(error);
    }
  }

  /** Completes with `kind` whenever `fd`, a descriptor of the loop itself, is readable. */
  #await(fd: number, kind: Kind): void {
    if (this.#ring.pollReadable(fd, fd, kind << KIND_SHIFT) < 0) {
      this.#again.push(() => this.#await(fd, kind));
    }
  }

  #accept(): void {
    if (this.#isStopped || this.#isAccepting) return;
    const { fd } = this.#socket;
    if (this.#ring.acceptMultishot(fd, fd, Kind.Accept << KIND_SHIFT) < 0) {
      this.#again.push(() => this.#accept());
      return;
    }
    this.#isAccepting = true;
    this.#retryMs = Infinity;
  }

  #cancelAccept(): void {
    const { fd } = this.#socket;
    const user = Kind.Accept << KIND_SHIFT;
    if (this.#ring.cancel(fd, user, fd, Kind.CancelAccept << KIND_SHIFT) < 0) {
      this.#again.push(() => this.#cancelAccept());
    }
  }

  #acceptCompleted(result: number, isLast: boolean): void {
    if (isLast) this.#isAccepting = false;
    if (result >= 0) {
      this.#open.add(result);
      if (this.#isStopped) this.#drop(result);
      else if (this.#host.limit.isReached()) {
        this.#accepted.push(result);
        if (!isLast) this.#cancelAccept();
      } else this.#serve(result);
    }
    if (!isLast) return;
    if (this.#isStopped) return this.#stopped();
    switch (result < 0 ? acceptFailure(result) : undefined) {
      case AcceptFailure.Short:
        this.#retryMs = performance.now() + ACCEPT_RETRY_MS;
        return;
      case AcceptFailure.Broken:
        return this.#done.reject(new SystemError("accept", -result));
    }
    // The limit is reached, or a client disconnected before it was accepted.
    this.wake();
  }

  /** Tries to accept again when it is time. @returns the time until then, in ms */
  #retry(): number {
    const leftMs = this.#retryMs - performance.now();
    if (leftMs > 0) return Math.ceil(leftMs);
    this.#retryMs = Infinity;
    this.wake();
    return ACCEPT_RETRY_MS;
  }

  #serve(fd: number): void {
    this.#generation = this.#generation + 1 & GENERATIONS - 1;
    const driver = new UringDriver(this.#context, fd, this.#generation);
    const connection = this.#host.open(driver, this.#socket.isUnix ? "" : peerAddress(fd));
    if (connection === undefined) return this.#drop(fd);
    this.#drivers[fd] = driver;
    driver.start(connection);
  }

  #drop(fd: number): void {
    close(fd);
    this.#open.delete(fd);
  }

  /** Closes the listening socket, as nothing is accepted any more. */
  #stopped(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.close();
    this.#open.delete(this.#socket.fd);
    this.#done.resolve();
  }
}
