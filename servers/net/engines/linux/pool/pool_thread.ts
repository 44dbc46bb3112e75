/**
 * A thread of a pool. All threads of a pool wait at one epoll instance: what becomes ready is
 * reported to one of those that wait, which deals with it from receiving to sending.
 *
 * The instance is edge-triggered, so that a descriptor that was reported is silent until more comes,
 * and has not to be armed again after each request. What EPOLLONESHOT would do beyond that, which is
 * to keep others away from a connection, its claim word does (`connection_table.ts`).
 */
import { SystemError } from "../../../../../system/linux/libc.ts";
import { EventLoop, type EventSource, type LoopClock, MAX_BLOCK_MS } from "../event_loop.ts";
import { Accepting, ConnectionHolder, type HolderParts } from "./connection_holder.ts";
import { Offer } from "./connection_table.ts";
import { Control, MAX_BATCH, type PoolShare, Stage, ThreadWord } from "./pool_control.ts";

/** What descriptors that a thread has taken may wait for those before them, in ms. */
const BATCH_MS = 0.2;

/** Connections whose output only this thread has are looked at so often while it drains, in ms. */
const DRAIN_TICK_MS = 20;

/** What a thread is told, and whom it tells. */
export interface PoolThreadOptions {
  index: number;
  /** A thread that had nothing to do for so long ends, unless it is the last one. */
  idleTimeoutMs: number;
  /** Something has come, and the owner does not look whether threads are busy. */
  onBusy: () => void;
  /** The listening socket fails. */
  onFailed: (error: Error) => void;
}

/** One thread, which runs `loop`. */
export class PoolThread implements EventSource, LoopClock {
  readonly loop: EventLoop;
  readonly #holder: ConnectionHolder;
  readonly #share: PoolShare;
  readonly #parts: HolderParts;
  readonly #options: PoolThreadOptions;
  /** Of this thread's row. */
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #at: number;
  #stage = Stage.Serving;
  #tick = -1;
  #hasTicked = false;
  /** Something was done since the last tick: what was logged is printed at the next one. */
  #isDirty = false;
  /** When it began to work, and when it had something to do last. */
  #sinceMs = performance.now();
  #activeMs = this.#sinceMs;
  /** What a descriptor takes on average. */
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
    // Nobody sends messages: the bell says only that the stage has changed.
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
    // It was tried in vain: it is the last one.
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
      // Others have what this thread had: it is taken for crashed.
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

  /** Deals with the `count` descriptors that the shared instance has reported. */
  #deal(count: number): void {
    const { shared, figures } = this.#holder;
    const words = this.#words;
    const at = this.#at;
    figures.events += count;
    // The owner gives to others what waits for too long behind another one.
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
    // Its turn sees what it is about.
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

  /** Deals with what the private instance has reported. */
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

  /** Lets go on what did not end in the last turn. @returns how many that were */
  #goOn(): number {
    const { again } = this.#holder;
    if (again.length === 0) return 0;
    // What asks again now has its turn in the next one.
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

  /** The time to finish is over: closes what this thread has. */
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
    // Nobody else can claim these.
    for (const [fd, driver] of [...held]) {
      if (table.deadlines[fd] <= tick) this.#holder.tell(driver, "onTimeout");
    }
  }

  /** Ends the thread if it had nothing to do for long, and is not the last one. */
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
