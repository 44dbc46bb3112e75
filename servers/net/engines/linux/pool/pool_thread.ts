/**
 * A thread of a pool. All threads of a pool wait at one epoll instance. A descriptor that becomes
 * ready is reported to one of the waiting threads, which does everything from receiving to sending.
 *
 * The instance is edge-triggered, so that a reported descriptor is silent until more input arrives,
 * and need not be rearmed after each request. EPOLLONESHOT would also keep other threads away from
 * a connection; here its claim word does that (`connection_table.ts`).
 */
import { SystemError } from "../../../../../system/linux/libc.ts";
import { EventLoop, type EventSource, type LoopClock, MAX_BLOCK_MS } from "../event_loop.ts";
import { Accepting, ConnectionHolder, type HolderParts } from "./connection_holder.ts";
import { Offer } from "./connection_table.ts";
import { Control, MAX_BATCH, type PoolShare, Stage, ThreadWord } from "./pool_control.ts";

/** How long descriptors that a thread has taken may wait for those before them, in ms. */
const BATCH_MS = 0.2;

/**
 * Interval at which connections whose output only this thread has are checked while it drains, in
 * ms.
 */
const DRAIN_TICK_MS = 20;

/** Settings and callbacks of a thread. */
export interface PoolThreadOptions {
  index: number;
  /** A thread that has been idle for this time ends, unless it is the last one. */
  idleTimeoutMs: number;
  /** Called when sockets are ready while the owner does not check whether threads are busy. */
  onBusy: () => void;
  /** Called when the listening socket has failed. */
  onFailed: (error: Error) => void;
}

/** One thread, which runs `loop`. */
export class PoolThread implements EventSource, LoopClock {
  readonly loop: EventLoop;
  readonly #holder: ConnectionHolder;
  readonly #share: PoolShare;
  readonly #parts: HolderParts;
  readonly #options: PoolThreadOptions;
  /** The words that contain this thread's row, and where it begins. */
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #at: number;
  #stage = Stage.Serving;
  #tick = -1;
  #hasTicked = false;
  /**
   * Whether something was done since the last tick, so that the log has to be printed at the next
   * one.
   */
  #isDirty = false;
  /** When the present work began, and when there was last something to do. */
  #sinceMs = performance.now();
  #activeMs = this.#sinceMs;
  /** Average time that a descriptor takes. */
  #itemMs = 0;
  #items = 0;
  #hasLeft = false;
  readonly #life: number;

  /** @throws {SystemError} when no descriptor is left */
  constructor(share: PoolShare, parts: HolderParts, options: PoolThreadOptions) {
    const { index } = options;
    this.#share = share;
    this.#parts = parts;
    this.#options = options;
    this.#words = share.threads;
    this.#at = index * ThreadWord.Words;
    // No messages are sent to it: the bell only announces that the stage has changed.
    const waker = { fd: share.bell, sent: new Int32Array(new SharedArrayBuffer(4)) };
    this.loop = new EventLoop(this, { clock: this, waker });
    this.#holder = new ConnectionHolder(share, parts, { index, loop: this.loop, delegates: false });
    this.#life = Atomics.load(this.#words, this.#at + ThreadWord.Life);
    Atomics.add(share.control, Control.Threads, 1);
  }

  untilDue(): number {
    if (this.#holder.held.size > 0) {
      return this.#stage >= Stage.Draining ? DRAIN_TICK_MS : this.#parts.tickMs;
    }
    if (this.#isDirty) return this.#parts.tickMs;
    const leftMs = this.#activeMs + this.#options.idleTimeoutMs - performance.now();
    // Time is up, but it is the last thread and has to stay.
    return leftMs > 0 ? Math.min(Math.ceil(leftMs), MAX_BLOCK_MS) : MAX_BLOCK_MS;
  }

  turnIfDue(): boolean {
    const hasTicked = this.#hasTicked;
    this.#hasTicked = false;
    return hasTicked;
  }

  turn(timeoutMs: number): number {
    const { control } = this.#share;
    const { figures, again, shared, held, privatePoller } = this.#holder;
    if (again.length > 0) timeoutMs = 0;
    const most = this.#account();
    Atomics.add(this.#words, this.#at + ThreadWord.Turns, 1);
    ++figures.waits;
    ++figures.calls;
    const poller = privatePoller ?? shared;
    if (timeoutMs > 0) Atomics.store(this.#words, this.#at + ThreadWord.IsWaiting, 1);
    const count = poller.wait(timeoutMs, poller === shared ? most : undefined);
    if (timeoutMs > 0) Atomics.store(this.#words, this.#at + ThreadWord.IsWaiting, 0);
    this.#sinceMs = performance.now();
    if (count < 0) throw new SystemError("epoll_wait", -count);
    if (this.#words[this.#at + ThreadWord.Life] !== this.#life) {
      // The owner took this thread for crashed, and others have its connections.
      this.#hasLeft = true;
      this.loop.stop();
      return 0;
    }
    if (control[Control.Stage] !== this.#stage) this.#enter(control[Control.Stage]);
    if (this.#stage === Stage.Cutting && held.size > 0) this.#cut();
    if (control[Control.Tick] !== this.#tick) this.#ticked(control[Control.Tick]);
    if (count === 0 && again.length === 0) {
      if (timeoutMs > 0) this.#leaveIfIdle();
      return 0;
    }
    this.#isDirty = true;
    this.#activeMs = this.#sinceMs;
    if (control[Control.IsWatched] === 0) this.#askToWatch();
    if (poller === shared) this.#deal(count);
    else this.#dealPrivate(count, most);
    return count + this.#goOn();
  }

  /** Ends the thread's part. */
  close(): void {
    this.#account();
    this.#parts.service.flushLog?.();
    if (!this.#hasLeft) Atomics.sub(this.#share.control, Control.Threads, 1);
    this.#holder.close();
  }

  /** Counts the time since the last wait. @returns how many descriptors to take next */
  #account(): number {
    const { figures } = this.#holder;
    const nowMs = performance.now();
    const busyMs = nowMs - this.#sinceMs;
    figures.busyUs += busyMs * 1000;
    if (this.#items > 0) {
      figures.items += this.#items;
      this.#itemMs += (busyMs / this.#items - this.#itemMs) / 8;
      this.#items = 0;
    }
    this.#sinceMs = nowMs;
    if (this.#itemMs * MAX_BATCH <= BATCH_MS) return MAX_BATCH;
    return Math.max(1, Math.floor(BATCH_MS / this.#itemMs));
  }

  /** Handles the `count` descriptors that the shared instance has reported. */
  #deal(count: number): void {
    const { shared, figures } = this.#holder;
    const words = this.#words;
    const at = this.#at;
    figures.events += count;
    // The owner hands over descriptors that wait too long behind another one.
    for (let i = 0; i < count; ++i) words[at + ThreadWord.Batch + i] = shared.fd(i);
    words[at + ThreadWord.Begun] = 0;
    Atomics.store(words, at + ThreadWord.Taken, count);
    for (let i = 0; i < count; ++i) {
      words[at + ThreadWord.Begun] = i + 1;
      this.#dealWith(shared.fd(i), shared.events(i));
    }
    words[at + ThreadWord.Taken] = 0;
  }

  #dealWith(fd: number, events: number): void {
    const holder = this.#holder;
    const { listener, bell, probe, control } = this.#share;
    // The next turn checks the stage.
    if (fd === bell) return;
    if (fd === probe) return void Atomics.add(control, Control.Probes, 1);
    const offer = holder.table.offer(fd, events);
    if (offer === Offer.Left) return;
    ++this.#items;
    if (fd === listener) return this.#accept();
    if (offer === Offer.Claimed) holder.ready(holder.take(fd), events);
    else {
      const driver = holder.held.get(fd);
      if (driver !== undefined) holder.ready(driver, events);
    }
  }

  /** Handles what the private instance has reported. */
  #dealPrivate(count: number, most: number): void {
    const { privatePoller, shared, held, figures } = this.#holder;
    const { epoll } = this.#share;
    figures.events += count;
    let isSharedReady = false;
    const poller = privatePoller!;
    for (let i = 0; i < count; ++i) {
      const fd = poller.fd(i);
      if (fd === epoll) {
        isSharedReady = true;
        continue;
      }
      ++this.#items;
      const driver = held.get(fd);
      if (driver !== undefined) this.#holder.ready(driver, poller.events(i));
    }
    if (!isSharedReady) return;
    ++figures.waits;
    ++figures.calls;
    const shares = shared.wait(0, most);
    if (shares < 0) throw new SystemError("epoll_wait", -shares);
    this.#deal(shares);
  }

  /** Continues the drivers that asked for another turn. @returns how many there were */
  #goOn(): number {
    const { again } = this.#holder;
    if (again.length === 0) return 0;
    // Drivers that ask again now continue in the next turn.
    const due = again.splice(0);
    for (const driver of due) if (driver.isDueAgain) this.#holder.goOn(driver);
    return due.length;
  }

  #accept(): void {
    const holder = this.#holder;
    const { listener } = this.#share;
    const outcome = holder.accept();
    holder.table.leave(listener);
    switch (outcome) {
      case Accepting.GoesOn:
        return holder.listen();
      case Accepting.IsFull:
      case Accepting.IsShort:
        return holder.pauseAccepting(outcome);
      case Accepting.Fails:
        this.#options.onFailed(new Error("The listening socket cannot be used any more"));
    }
  }

  #enter(stage: Stage): void {
    this.#stage = stage;
    if (stage >= Stage.Draining) this.#parts.service.drain?.();
    if (stage === Stage.Ending) this.loop.stop();
  }

  /** Closes this thread's connections, as the grace period is over. */
  #cut(): void {
    for (const driver of [...this.#holder.held.values()]) {
      if (!driver.connection.isLingering) Atomics.add(this.#share.control, Control.Cut, 1);
      this.#holder.tell(driver, "close");
    }
  }

  #askToWatch(): void {
    const { control } = this.#share;
    const before = Atomics.compareExchange(control, Control.IsWatched, 0, 1);
    if (before === 0) this.#options.onBusy();
  }

  #ticked(tick: number): void {
    this.#tick = tick;
    this.#hasTicked = true;
    this.#isDirty = false;
    try {
      this.#parts.service.tick?.(Date.now());
    } catch (error) {
      this.#parts.onInternalError(error);
    }
    const { held, table } = this.#holder;
    if (held.size === 0) return;
    // No other thread can claim these.
    for (const [fd, driver] of [...held]) {
      if (table.deadlines[fd] <= tick) this.#holder.tell(driver, "onTimeout");
    }
  }

  /** Ends the thread if it has been idle for too long and is not the last one. */
  #leaveIfIdle(): void {
    const { control } = this.#share;
    if (this.#holder.held.size > 0) return;
    if (this.#sinceMs - this.#activeMs < this.#options.idleTimeoutMs) return;
    const threads = Atomics.load(control, Control.Threads);
    if (threads <= 1) return;
    const before = Atomics.compareExchange(control, Control.Threads, threads, threads - 1);
    if (before !== threads) return;
    this.#hasLeft = true;
    this.loop.stop();
  }
}
