/**
 * The owner of a pool: the thread that never blocks. It has the listening socket, the clock and the
 * deadlines of all connections, checks whether threads are stuck, and ends remaining connections.
 * It serves no requests: it claims a connection only for a timeout or a close, and then leaves it
 * to the threads.
 */
import { createEventFd, signalEventFd } from "../../../../../system/linux/eventfd.ts";
import { SystemError } from "../../../../../system/linux/libc.ts";
import { EpollPoller } from "../../../../../system/linux/pollers/epoll.ts";
import { PollPoller } from "../../../../../system/linux/pollers/poll.ts";
import { Interest } from "../../../../../system/linux/pollers/poller.ts";
import { close } from "../../../../../system/linux/socket.ts";
import { sleep } from "../../../../../system/wait.ts";
import { ConnectionList } from "../../../connection_list.ts";
import type { Counters } from "../../../counters.ts";
import { drainConnections } from "../../../drain.ts";
import type { ListenOptions } from "../../../listen_options.ts";
import type { SendOptions } from "../../../send_options.ts";
import { PeerGone } from "../../../peer_gone.ts";
import { TickClock } from "../../../tick_clock.ts";
import { type ListeningSocket, openListeningSocket } from "../listening_socket.ts";
import { ConnectionHolder, type HolderParts } from "./connection_holder.ts";
import { ConnectionTable } from "./connection_table.ts";
import { Control, poolMemory, type PoolShare, Stage, ThreadWord } from "./pool_control.ts";
import type { PoolDriver } from "./pool_driver.ts";

/** Interest for connections whose wishes are not known here. */
const ANYTHING = Interest.Read | Interest.Write;

/** After this time, a connection whose input waits for a thread is checked again, in ms. */
const HELD_UP_MS = 1000;

/** Threads that work for longer than this are not waited for, in ms. */
const SETTLE_MS = 50;

/** Interval at which it is checked whether all connections have ended, in ms. */
const LOOK_MS = 5;

/** Settings of a pool. */
export interface PoolOwnerOptions {
  listen: ListenOptions;
  sending: Pick<SendOptions, "noDelay">;
  /** Descriptors are below this. */
  capacity: number;
  /** Most threads that serve. */
  maxThreads: number;
}

/** The owner's end of a pool. */
export class PoolOwner {
  /** What is sent to the threads. */
  readonly share: PoolShare;
  readonly address: string;
  readonly port: number;
  readonly #socket: ListeningSocket;
  readonly #epoll: EpollPoller;
  readonly #once: EpollPoller;
  readonly #index: number;
  #holder!: ConnectionHolder;
  #parts!: HolderParts;
  #interval: ReturnType<typeof setInterval> | undefined;
  #clock!: TickClock;
  /** Checks whether descriptors are ready that no thread has taken. */
  readonly #ready = new PollPoller();
  /** Checks which connections wait for a thread. */
  readonly #unserved = new PollPoller();
  /** Probes that were sent, and for how many checks the last one has not been taken. */
  #probes = 0;
  #probeLooks = 0;
  /** Connections whose input waits for a thread: since when, and when they are checked again. */
  readonly #heldUp = new Map<number, { sinceTick: number; deadline: number }>();
  /** What each thread had begun at the last check. */
  readonly #begun: Int32Array;

  /** Listens. @throws the system's error when the address cannot be bound, or no descriptor is left */
  constructor({ listen, sending, capacity, maxThreads }: PoolOwnerOptions) {
    const socket = this.#socket = openListeningSocket(listen, sending);
    this.address = socket.address;
    this.port = socket.port;
    this.#index = maxThreads;
    this.#begun = new Int32Array(maxThreads);
    const opened: number[] = [];
    try {
      this.#epoll = new EpollPoller({ trigger: "edge" });
      opened.push(this.#epoll.instance);
      const { instance } = this.#epoll;
      this.#once = new EpollPoller({ trigger: "level", oneShot: true, instance });
      const bell = createEventFd();
      opened.push(bell);
      const probe = createEventFd();
      opened.push(probe);
      if (socket.fd >= capacity) throw new SystemError("listen", 24 /* EMFILE */);
      this.share = {
        ...poolMemory(maxThreads + 1),
        table: ConnectionTable.share(capacity),
        epoll: instance,
        listener: socket.fd,
        isUnix: socket.isUnix,
        bell,
        probe,
      };
      this.#epoll.add(probe, Interest.Read);
      this.#ready.add(instance, Interest.Read);
    } catch (error) {
      socket.close();
      for (const fd of opened) close(fd);
      throw error;
    }
  }

  /** Starts accepting, and starts the clock. */
  start(parts: HolderParts): void {
    this.#parts = parts;
    this.#holder = new ConnectionHolder(this.share, parts, {
      index: this.#index,
      loop: { hold: () => {}, release: () => {} },
      delegates: true,
    });
    this.#clock = new TickClock(parts.tickMs);
    this.#clock.start();
    this.#tick();
    this.#interval = setInterval(() => this.#tick(), parts.tickMs);
    // Level-triggered, so that all threads see it.
    new EpollPoller({ trigger: "level", instance: this.share.epoll })
      .add(this.share.bell, Interest.Read);
    this.#holder.table.leave(this.share.listener);
    this.#once.add(this.share.listener, Interest.Read);
  }

  /** This thread's counters: timeouts, and connections that were cut off. */
  get counters(): Counters {
    return this.#holder.figures.counters;
  }

  /**
   * Waits until everything that threads have done so far is counted, but not for threads in long
   * work.
   */
  async settled(): Promise<void> {
    const { threads } = this.share;
    const turns = (i: number) => Atomics.load(threads, i * ThreadWord.Words + ThreadWord.Turns);
    const before = Array.from({ length: this.#index }, (_, i) => turns(i));
    const isSettled = (i: number) => this.isWaiting(i) || turns(i) !== before[i];
    let working = [...before.keys()].filter((i) => before[i] > 0 && !isSettled(i));
    for (let left = SETTLE_MS; left > 0 && working.length > 0; --left) {
      await sleep(1);
      working = working.filter((i) => !isSettled(i));
    }
  }

  /** The present state of at most `max` connections: the words of a `ConnectionList`. */
  list(max: number): Int32Array {
    const list = new ConnectionList(Math.min(max, this.open));
    const { now } = this.#holder;
    for (const fd of this.#all()) {
      if (list.isFull) break;
      this.#holder.observe(fd, list, now);
    }
    return list.words;
  }

  /**
   * The load of the threads: how many of the first `max` connections have input that waits for a
   * thread, and how many connections the threads hold.
   */
  load(max: number): { waiting: number; active: number } {
    const { table } = this.#holder;
    // Nothing waits while a thread is idle.
    let left = this.#hasIdleThread() ? 0 : max;
    let active = 0;
    const poller = this.#unserved;
    for (const fd of this.#all()) {
      if (!table.isParked(fd)) ++active;
      else if (left-- > 0) poller.add(fd, Interest.Read);
    }
    const waiting = Math.max(0, poller.wait(0));
    poller.close();
    return { waiting, active };
  }

  /** Open connections. */
  get open(): number {
    return this.#holder.limit.open;
  }

  /**
   * Checks once whether ready descriptors wait, and hands descriptors that are queued behind a slow
   * one to other threads. To be called at regular intervals while threads are busy.
   *
   * @returns for how many checks they have waited; -1 while a thread is idle
   */
  look(): number {
    const { control, probe } = this.share;
    this.#giveBackBatches();
    if (this.#hasIdleThread()) {
      this.#probeLooks = 0;
      return -1;
    }
    if (Atomics.load(control, Control.Probes) >= this.#probes) {
      // The probe is reported after everything that is ready now.
      this.#probeLooks = 0;
      this.#probes = Atomics.load(control, Control.Probes) + 1;
      signalEventFd(probe);
    } else ++this.#probeLooks;
    return this.#probeLooks;
  }

  /** Stops checking, until a thread asks for it. */
  stopLooking(): void {
    Atomics.store(this.share.control, Control.IsWatched, 0);
  }

  /** Ends the connections of the thread `index`, which is gone. @returns how many there were */
  inherit(index: number, { hasCounted }: { hasCounted: boolean }): number {
    const { control, threads, listener } = this.share;
    const { table } = this.#holder;
    if (hasCounted) Atomics.sub(control, Control.Threads, 1);
    const at = index * ThreadWord.Words;
    // The thread may still run a few more instructions; this tells it that it has lost its row.
    Atomics.add(threads, at + ThreadWord.Life, 1);
    Atomics.store(threads, at + ThreadWord.IsWaiting, 0);
    Atomics.store(threads, at + ThreadWord.Taken, 0);
    let count = 0;
    for (let fd = 0; fd <= table.highest; ++fd) {
      if (!table.inherit(fd, index)) continue;
      ++count;
      const driver = this.#holder.take(fd);
      driver.isHandling = true;
      driver.broken(new PeerGone("The thread that served it is gone"));
      driver.isHandling = false;
      this.#holder.settle(driver);
    }
    if (table.inherit(listener, index)) {
      table.leave(listener);
      this.#holder.listen();
    }
    // Descriptors that it had taken but not begun are reported to others.
    for (const fd of this.#all()) this.#holder.shared.rearm(fd, ANYTHING);
    return count;
  }

  /**
   * Closes the listening socket, ends idle connections at once and lets the others finish.
   *
   * @param graceMs time after which they are closed too
   * @returns how many were cut off before all their output was sent
   */
  async stop(graceMs: number): Promise<number> {
    const { control } = this.share;
    Atomics.store(control, Control.Stage, Stage.Draining);
    this.#parts.service.drain?.();
    await this.stopAccepting();
    const ended = Promise.withResolvers<void>();
    const sweep = () => {
      if (this.open === 0) return ended.resolve();
      for (const fd of this.#all()) this.#endIfIdle(fd);
    };
    if (this.open === 0) return 0;
    if (await drainConnections([{ endIfIdle: sweep }], ended.promise, graceMs)) return 0;
    Atomics.store(control, Control.Stage, Stage.Cutting);
    while (this.open > 0) {
      for (const fd of this.#all()) this.#cut(fd);
      await sleep(LOOK_MS);
    }
    return Atomics.load(control, Control.Cut);
  }

  /** Closes the listening socket, which a thread may be using. */
  async stopAccepting(): Promise<void> {
    if (Atomics.load(this.share.control, Control.Stage) === Stage.Serving) {
      Atomics.store(this.share.control, Control.Stage, Stage.Draining);
    }
    while (!this.#holder.table.claim(this.share.listener)) await sleep(1);
    // A socket that others share stays open, and would still be reported.
    this.#epoll.remove(this.share.listener);
    this.#socket.close();
  }

  /** Tells all threads to end. */
  ring(): void {
    Atomics.store(this.share.control, Control.Stage, Stage.Ending);
    signalEventFd(this.share.bell);
  }

  /** Releases its kernel resources, once no thread is left. */
  close(): void {
    clearInterval(this.#interval);
    this.#holder.close();
    this.#epoll.close();
    close(this.share.bell);
    close(this.share.probe);
  }

  /** Descriptors with a connection. */
  *#all(): Generator<number> {
    const { table } = this.#holder;
    for (let fd = 0; fd <= table.highest; ++fd) {
      if (fd !== this.share.listener && table.isOpen(fd)) yield fd;
    }
  }

  #hasIdleThread(): boolean {
    for (let i = 0; i < this.#index; ++i) if (this.isWaiting(i)) return true;
    return false;
  }

  /** Whether the thread `i` is blocked, waiting for events. */
  isWaiting(i: number): boolean {
    return Atomics.load(this.share.threads, i * ThreadWord.Words + ThreadWord.IsWaiting) === 1;
  }

  /** Hands over the descriptors of threads that have made no progress since the last check. */
  #giveBackBatches(): void {
    const { threads, listener } = this.share;
    for (let i = 0; i < this.#index; ++i) {
      const at = i * ThreadWord.Words;
      const taken = Atomics.load(threads, at + ThreadWord.Taken);
      const begun = threads[at + ThreadWord.Begun];
      const isStuck = taken > begun && begun === this.#begun[i];
      this.#begun[i] = taken === 0 ? -1 : begun;
      if (!isStuck) continue;
      for (let k = begun; k < taken; ++k) {
        const fd = threads[at + ThreadWord.Batch + k];
        // Both only have the descriptor reported again if it is ready, whatever it refers to by
        // now.
        if (fd === listener) this.#holder.listen();
        else this.#holder.shared.rearm(fd, ANYTHING);
      }
      this.#begun[i] = -1;
    }
  }

  #tick(): void {
    const { control } = this.share;
    const { service, onInternalError } = this.#parts;
    const now = this.#clock.advance();
    control[Control.LateTick] = this.#clock.lateTick;
    Atomics.store(control, Control.Tick, now);
    try {
      service.tick?.(Date.now());
      this.#expire(now);
      // Refusals made now are logged before what threads do next.
      service.flushLog?.();
    } catch (error) {
      onInternalError(error);
    }
    // Descriptors may be available again even if no connection has ended.
    if (!this.#holder.limit.isReached()) this.#holder.resumeAccepting();
  }

  #expire(tick: number): void {
    const { table } = this.#holder;
    const { deadlines, highest } = table;
    for (let fd = 0; fd <= highest; ++fd) {
      if (deadlines[fd] > tick || !table.claim(fd)) continue;
      const driver = this.#holder.take(fd);
      // A thread may have claimed it in between.
      if (deadlines[fd] > tick || this.#isHeldUp(driver, tick)) this.#holder.settle(driver);
      else this.#holder.tell(driver, "onTimeout");
    }
  }

  /**
   * Whether a connection's timeout is suspended because its input waits for a thread. Input that
   * has waited too long is refused here.
   */
  #isHeldUp(driver: PoolDriver, tick: number): boolean {
    if (!driver.connection.isReceiving || !driver.wasHeldUp()) return false;
    const { fd } = driver;
    const { deadlines } = this.#holder.table;
    const seen = this.#heldUp.get(fd);
    // A thread that has received since then has set another deadline.
    const sinceTick = seen?.deadline === deadlines[fd] ? seen.sinceTick : tick;
    const { tickMs, timeouts } = this.#parts;
    if ((tick - sinceTick) * tickMs >= (timeouts.headMs || Infinity)) {
      this.#heldUp.delete(fd);
      driver.refuse();
    } else {
      const deadline = tick + Math.ceil(HELD_UP_MS / tickMs);
      this.#heldUp.set(fd, { sinceTick, deadline });
      deadlines[fd] = deadline;
    }
    return true;
  }

  #endIfIdle(fd: number): void {
    if (!this.#holder.table.claim(fd)) return;
    const driver = this.#holder.take(fd);
    // Threads are about to handle its input.
    if (driver.wasHeldUp()) this.#holder.settle(driver);
    else this.#holder.tell(driver, "endIfIdle");
  }

  #cut(fd: number): void {
    if (!this.#holder.table.claim(fd)) return;
    const driver = this.#holder.take(fd);
    if (!driver.connection.isLingering) Atomics.add(this.share.control, Control.Cut, 1);
    this.#holder.tell(driver, "close");
  }
}
