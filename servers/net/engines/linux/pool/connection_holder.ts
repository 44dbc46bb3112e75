/**
 * What a thread of a pool does with connections: it takes one that it has claimed, lets it deal with
 * an event, and parks it, or keeps it while a service works for it.
 */
import { MemoryPointers } from "../../../../../system/linux/memory.ts";
import { EpollPoller } from "../../../../../system/linux/pollers/epoll.ts";
import { Interest } from "../../../../../system/linux/pollers/poller.ts";
import { accept, close, peerAddress } from "../../../../../system/linux/socket.ts";
import type { Core } from "../../../../../core/mod.ts";
import { type ConnectionContext, savedDoing, type Timeouts } from "../../../connection.ts";
import { type ConnectionList, Doing } from "../../../connection_list.ts";
import { ConnectionLimit } from "../../../connection_limit.ts";
import type { Moment } from "../../../deadlines.ts";
import type { SendOptions } from "../../../send_options.ts";
import type { Service } from "../../../service.ts";
import { AcceptFailure, acceptFailure } from "../accept_failure.ts";
import type { DescriptorContext } from "../descriptor_driver.ts";
import type { LoopHold } from "../loop_driver.ts";
import { ConnectionTable } from "./connection_table.ts";
import { Control, type PoolShare, SharedDeadlines, Stage, ThreadFigures } from "./pool_control.ts";
import { type DriverHost, PoolDriver } from "./pool_driver.ts";

/** What a thread serves connections with. */
export interface HolderParts {
  core: Core;
  service: Service;
  timeouts: Timeouts;
  sending: SendOptions;
  maxConnections: number;
  /** Resolution of timeouts. */
  tickMs: number;
  /** Told of errors that are neither the peer's nor the user's: they are bugs. */
  onInternalError: (error: unknown) => void;
}

/** What depends on whether the thread serves, or looks after those that do. */
export interface HolderRole {
  /** This thread's number. */
  index: number;
  loop: LoopHold;
  /** It leaves what happens on a connection to other threads as soon as it can. */
  delegates: boolean;
}

/** Connections that one thread accepts at once at the most: others have to be served, too. */
const MAX_ACCEPTS = 64;

/** What became of accepting. */
export const enum Accepting {
  /** Others may be waiting, or come. */
  GoesOn,
  /** There are as many connections as may be: it goes on when one ends. */
  IsFull,
  /** The system is short of something: it goes on when a connection ends, or after a while. */
  IsShort,
  /** The listening socket is of no use any more. */
  Fails,
}

/** A thread's connections. */
export class ConnectionHolder implements DriverHost {
  readonly table: ConnectionTable;
  readonly figures: ThreadFigures;
  readonly limit: ConnectionLimit;
  /** Connections that are not parked, as a service works for them or they go on in the next turn. */
  readonly held = new Map<number, PoolDriver>();
  /** Those that go on in the next turn. */
  readonly again: PoolDriver[] = [];
  /** Watches the sockets for all threads. */
  readonly shared: EpollPoller;
  /** Watches those whose output only this thread has, and `shared`. */
  readonly #private: EpollPoller | undefined;
  #privates = 0;
  /** Watches sockets that are reported once, to one thread: the listening socket. */
  readonly #once: EpollPoller;
  readonly #share: PoolShare;
  readonly #parts: HolderParts;
  readonly #delegates: boolean;
  readonly #drivers: DescriptorContext;
  readonly #connections: ConnectionContext;
  /** Drivers that stand for no connection now. */
  readonly #free: PoolDriver[] = [];
  /** The connections that this thread's service knows, by descriptor, and their peers. */
  readonly #generations: Int32Array;
  readonly #peers: string[] = [];

  /** @throws {SystemError} when no descriptor is left */
  constructor(share: PoolShare, parts: HolderParts, { index, loop, delegates }: HolderRole) {
    const { core, service, timeouts, sending, maxConnections, tickMs, onInternalError } = parts;
    this.#share = share;
    this.#parts = parts;
    this.#delegates = delegates;
    this.table = new ConnectionTable(share.table, index);
    this.figures = new ThreadFigures(share, index);
    this.limit = new ConnectionLimit(share.open, 0, maxConnections);
    this.#generations = new Int32Array(this.table.capacity);
    this.shared = new EpollPoller({ trigger: "edge", instance: share.epoll });
    this.#once = new EpollPoller({ trigger: "level", oneShot: true, instance: share.epoll });
    if (!delegates) this.#private = createPrivate(share.epoll);
    this.#drivers = {
      core,
      pointers: new MemoryPointers(core.bytes),
      // A connection's descriptor leaves every epoll instance when it is closed.
      poller: { change: () => 0, remove: () => void --this.figures.calls },
      loop,
      isEdge: true,
      cork: sending.cork,
      counts: this.figures,
      again: (driver) => this.#again(driver as PoolDriver),
      closed: (fd, driver) => this.#closed(fd, driver as PoolDriver),
    };
    this.#connections = {
      core,
      service,
      wheel: new SharedDeadlines(share, tickMs),
      timeouts,
      counters: this.figures,
      writes: sending.writes,
      limit: this.limit,
      onEnd: (connection, fault) => {
        core.close(connection.conn);
        this.#roomCame();
        if (fault !== undefined) onInternalError(fault);
      },
    };
  }

  /** Watches some sockets for this thread alone, so it has to wait there. */
  get privatePoller(): EpollPoller | undefined {
    return this.#privates > 0 ? this.#private : undefined;
  }

  /** The time by which connections time out. */
  get now(): Moment {
    return this.#connections.wheel.now;
  }

  /** Adds what the connection of `fd` does at `now`, whoever has it, to `list`. */
  observe(fd: number, list: ConnectionList, now: Moment): void {
    const { table } = this;
    const { core, service } = this.#parts;
    const conn = table.conn(fd);
    const doing = table.isParked(fd)
      ? savedDoing(table.words, table.savedAt(fd), service.phase(conn))
      : table.held(fd);
    // Another thread may change them meanwhile.
    const inputBytes = Math.max(0, core.pending(conn));
    const untilMs = now.untilMs(table.deadlines[fd]);
    list.add(core.blockNumber(conn), doing, inputBytes, untilMs);
  }

  /** The driver of the parked connection that this thread has just claimed. */
  take(fd: number): PoolDriver {
    const { table } = this;
    const conn = table.conn(fd);
    const generation = table.generation(fd);
    if (this.#generations[fd] !== generation) {
      this.#generations[fd] = generation;
      this.#peers[fd] = table.peer(fd);
      this.#parts.service.opened?.(conn, this.#peers[fd]);
    }
    const driver = this.#free.pop() ?? this.#newDriver();
    driver.take(fd, table.driver(fd), conn, this.#peers[fd]);
    driver.connection.restore(table.words, table.savedAt(fd));
    driver.connection.deadlineTick = table.deadlines[fd];
    driver.counted = this.#parts.core.served(conn);
    return driver;
  }

  /** `events` have happened on the connection of `driver`. */
  ready(driver: PoolDriver, events: number): void {
    this.#deal(driver, events);
    this.settle(driver);
  }

  /** `driver`, which has asked for it, goes on. */
  goOn(driver: PoolDriver): void {
    driver.isDueAgain = false;
    driver.isHandling = true;
    try {
      driver.goOn();
    } catch (error) {
      driver.broken(error);
    }
    driver.isHandling = false;
    this.settle(driver);
  }

  /** The time of the connection of `driver` is over, and so on: calls `event` of it. */
  tell(driver: PoolDriver, event: "onTimeout" | "endIfIdle" | "close"): void {
    driver.isHandling = true;
    // It is over once; whatever comes of it sets the next one.
    if (event === "onTimeout") this.#connections.wheel.remove(driver.connection);
    driver.connection[event]();
    driver.isHandling = false;
    this.settle(driver);
  }

  settle(driver: PoolDriver): void {
    for (;;) {
      if (driver.isClosed) return this.#settleClosed(driver);
      if (!driver.isParkable) {
        if (!this.#delegates) return this.#hold(driver);
        if (!driver.isDueAgain) {
          this.#parts.onInternalError(new Error("A connection does not wait for its socket"));
          return this.tell(driver, "close");
        }
      }
      const events = this.#park(driver);
      if (events === 0) return void this.#free.push(driver);
      this.#deal(driver, events);
    }
  }

  /**
   * Accepts what waits at the listening socket, which this thread has claimed.
   *
   * @returns whether to go on; the socket is to be released first
   */
  accept(): Accepting {
    const { listener, isUnix, control } = this.#share;
    for (let i = 0; i < MAX_ACCEPTS; ++i) {
      if (control[Control.Stage] !== Stage.Serving) return Accepting.GoesOn;
      if (this.limit.isReached()) return Accepting.IsFull;
      ++this.figures.calls;
      const fd = accept(listener);
      if (fd >= 0) {
        this.#serve(fd, isUnix ? "" : peerAddress(fd));
        continue;
      }
      switch (acceptFailure(fd)) {
        case AcceptFailure.Nobody:
          return Accepting.GoesOn;
        case AcceptFailure.Short:
          return Accepting.IsShort;
        case AcceptFailure.Broken:
          return Accepting.Fails;
      }
    }
    return Accepting.GoesOn;
  }

  /** Lets the next connection that waits at the listening socket be reported, to any thread. */
  listen(): void {
    ++this.figures.calls;
    this.#once.rearm(this.#share.listener, Interest.Read);
  }

  /** Nothing is accepted until a connection ends, or the owner tries again. */
  pauseAccepting(why: Accepting.IsFull | Accepting.IsShort): void {
    Atomics.store(this.#share.control, Control.IsPaused, 1);
    // A connection that has ended just before has not seen that.
    if (why === Accepting.IsFull) this.#roomCame();
  }

  /** A connection has ended: accepts again if that makes room. */
  #roomCame(): void {
    const { control } = this.#share;
    if (control[Control.IsPaused] === 0 || this.limit.isReached()) return;
    this.resumeAccepting();
  }

  /** Accepts again if that was paused. */
  resumeAccepting(): void {
    const { control } = this.#share;
    if (Atomics.compareExchange(control, Control.IsPaused, 1, 0) === 1) this.listen();
  }

  /** Gives back what it holds in the kernel. */
  close(): void {
    this.#private?.close();
  }

  #newDriver(): PoolDriver {
    return new PoolDriver(this.#drivers, this.#connections, this);
  }

  #deal(driver: PoolDriver, events: number): void {
    driver.isHandling = true;
    try {
      driver.ready(events);
    } catch (error) {
      driver.broken(error);
    }
    driver.isHandling = false;
  }

  /** @returns 0, or events that this thread has to deal with */
  #park(driver: PoolDriver): number {
    const { table, shared, figures } = this;
    const { fd } = driver;
    const interest = (driver.wanted & Interest.Write) !== 0
      ? Interest.Read | Interest.Write
      : Interest.Read;
    if (this.held.size > 0 && this.held.delete(fd)) table.setHeld(fd, Doing.Working);
    table.setDriver(fd, driver.saved);
    driver.connection.save(table.words, table.savedAt(fd));
    const served = this.#parts.core.served(driver.connection.conn);
    figures.served += served - driver.counted;
    driver.counted = served;
    if (this.#delegates) {
      driver.isDueAgain = false;
      ++figures.calls;
      table.leave(fd);
      // Whatever has happened is reported again, to a thread that serves.
      shared.rearm(fd, interest);
      return 0;
    }
    if (driver.isPrivate) {
      driver.isPrivate = false;
      --this.#privates;
      figures.calls += 2;
      this.#private!.remove(fd);
      shared.add(fd, interest);
    } else if (interest !== Interest.Read) {
      ++figures.calls;
      shared.rearm(fd, interest);
    }
    return table.park(fd);
  }

  #hold(driver: PoolDriver): void {
    const { fd } = driver;
    this.held.set(fd, driver);
    this.table.setHeld(fd, driver.connection.doing);
    if (driver.isPrivate || !driver.waitsForRoom) return;
    // An event would be reported to any thread, and this one may block: it has to be told itself.
    driver.isPrivate = true;
    ++this.#privates;
    this.figures.calls += 2;
    this.shared.remove(fd);
    this.#private!.add(fd, Interest.Read | Interest.Write);
  }

  #settleClosed(driver: PoolDriver): void {
    if (!driver.connection.isOver) return;
    this.#uncount(driver);
    this.#free.push(driver);
  }

  /** The connection of `driver` has counted at its end what was counted before. */
  #uncount(driver: PoolDriver): void {
    this.figures.served -= driver.counted;
    driver.counted = 0;
  }

  #again(driver: PoolDriver): void {
    driver.isDueAgain = true;
    if (!this.#delegates) this.again.push(driver);
  }

  #closed(fd: number, driver: PoolDriver): void {
    driver.isClosed = true;
    driver.isDueAgain = false;
    if (driver.isPrivate) {
      driver.isPrivate = false;
      --this.#privates;
    }
    this.held.delete(fd);
    // Before the peer sees that it is closed: then all of it is counted.
    if (!driver.connection.isAwaiting) {
      driver.connection.end();
      this.#uncount(driver);
    }
    // From here on another thread may be given the number, with a deadline of its own.
    driver.connection.wheelSlot = -1;
    this.table.close(fd);
  }

  #serve(fd: number, peer: string): void {
    const { core } = this.#parts;
    const { table, figures } = this;
    const conn = fd < table.capacity ? core.open() : 0;
    if (conn === 0) {
      // Each connection within the limit has a block: this one is beyond the limit.
      ++figures.overloads;
      return close(fd);
    }
    table.open(fd, conn, peer);
    this.#generations[fd] = table.generation(fd);
    this.#peers[fd] = peer;
    ++figures.calls;
    // What is there already is left on the claim word, and found when the connection is parked.
    if (this.shared.add(fd, Interest.Read) < 0) {
      table.close(fd);
      core.close(conn);
      return close(fd);
    }
    const driver = this.#free.pop() ?? this.#newDriver();
    driver.begin(fd, conn, peer);
    driver.isHandling = true;
    driver.start(driver.connection, Interest.Read);
    driver.isHandling = false;
    this.settle(driver);
  }
}

/** An epoll instance that watches the instance `shared`, and whatever else a thread adds to it. */
function createPrivate(shared: number): EpollPoller {
  const poller = new EpollPoller({ trigger: "edge" });
  new EpollPoller({ trigger: "level", instance: poller.instance }).add(shared, Interest.Read);
  return poller;
}
