/**
 * The connections that a thread of a pool holds: it takes one that it has claimed, lets it handle
 * an event, and parks it again, or keeps it while a service works for it.
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

/** What a thread needs to serve connections. */
export interface HolderParts {
  core: Core;
  service: Service;
  timeouts: Timeouts;
  sending: SendOptions;
  maxConnections: number;
  /** Resolution of timeouts, in ms. */
  tickMs: number;
  /** Called with errors that neither the peer nor the user caused, which are bugs. */
  onInternalError: (error: unknown) => void;
}

/** What differs between the threads that serve and their owner. */
export interface HolderRole {
  /** This thread's number. */
  index: number;
  loop: LoopHold;
  /** Whether it leaves the events of a connection to other threads as soon as it can. */
  delegates: boolean;
}

/** Most connections that one thread accepts in a row, as other sockets must be served, too. */
const MAX_ACCEPTS = 64;

/** The result of accepting. */
export const enum Accepting {
  /** More connections may be waiting, or may come. */
  GoesOn,
  /** The limit is reached: accepting resumes when a connection ends. */
  IsFull,
  /**
   * The system is short of resources: accepting resumes when a connection ends, or after a while.
   */
  IsShort,
  /** The listening socket cannot be used any more. */
  Fails,
}

/** The connections of one thread. */
export class ConnectionHolder implements DriverHost {
  readonly table: ConnectionTable;
  readonly figures: ThreadFigures;
  readonly limit: ConnectionLimit;
  /**
   * Connections that are not parked, because a service works for them or they continue in the next
   * turn.
   */
  readonly held = new Map<number, PoolDriver>();
  /** Connections that continue in the next turn. */
  readonly again: PoolDriver[] = [];
  /** Watches the sockets for all threads. */
  readonly shared: EpollPoller;
  /** Watches `shared`, and the sockets of connections whose output only this thread has. */
  readonly #private: EpollPoller | undefined;
  #privates = 0;
  /** Watches the listening socket; it is reported to one thread, once. */
  readonly #once: EpollPoller;
  readonly #share: PoolShare;
  readonly #parts: HolderParts;
  readonly #delegates: boolean;
  readonly #drivers: DescriptorContext;
  readonly #connections: ConnectionContext;
  /** Unused drivers. */
  readonly #free: PoolDriver[] = [];
  /**
   * The generations of the connections that this thread's service knows, by descriptor, and their
   * peers.
   */
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

  /** The poller at which this thread has to wait while it watches sockets for itself alone. */
  get privatePoller(): EpollPoller | undefined {
    return this.#privates > 0 ? this.#private : undefined;
  }

  /** The present time on the clock of the deadlines. */
  get now(): Moment {
    return this.#connections.wheel.now;
  }

  /** Adds the state at `now` of the connection of `fd`, whichever thread holds it, to `list`. */
  observe(fd: number, list: ConnectionList, now: Moment): void {
    const { table } = this;
    const { core, service } = this.#parts;
    const conn = table.conn(fd);
    const doing = table.isParked(fd)
      ? savedDoing(table.words, table.savedAt(fd), service.phase(conn))
      : table.held(fd);
    // Another thread may change the count meanwhile.
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

  /** Handles `events` on the connection of `driver`. */
  ready(driver: PoolDriver, events: number): void {
    this.#deal(driver, events);
    this.settle(driver);
  }

  /** Continues `driver`, which has asked for it. */
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

  /** Calls `event` on the connection of `driver`, and settles it. */
  tell(driver: PoolDriver, event: "onTimeout" | "endIfIdle" | "close"): void {
    driver.isHandling = true;
    // A timeout fires once; its handler sets the next one.
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
   * @returns whether to continue; the caller has to release the socket first
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

  /**
   * Rearms the listening socket, so that the next waiting connection is reported to one of the
   * threads.
   */
  listen(): void {
    ++this.figures.calls;
    this.#once.rearm(this.#share.listener, Interest.Read);
  }

  /** Accepts nothing until a connection ends or the owner tries again. */
  pauseAccepting(why: Accepting.IsFull | Accepting.IsShort): void {
    Atomics.store(this.#share.control, Control.IsPaused, 1);
    // A connection that ended just before this has not seen the pause.
    if (why === Accepting.IsFull) this.#roomCame();
  }

  /** Resumes accepting if the end of a connection has made room. */
  #roomCame(): void {
    const { control } = this.#share;
    if (control[Control.IsPaused] === 0 || this.limit.isReached()) return;
    this.resumeAccepting();
  }

  /** Resumes accepting if it was paused. */
  resumeAccepting(): void {
    const { control } = this.#share;
    if (Atomics.compareExchange(control, Control.IsPaused, 1, 0) === 1) this.listen();
  }

  /** Releases its kernel resources. */
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

  /** @returns 0, or events that this thread has to handle */
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
      // Pending events are reported again, to a thread that serves.
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
    // The shared instance could report an event to any thread while this one, which needs it,
    // blocks. So this thread watches the socket itself.
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

  /**
   * Subtracts what was counted before, because the connection of `driver` counts all of it when it
   * ends.
   */
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
    // This comes before the peer can see the close, so that everything is counted by then.
    if (!driver.connection.isAwaiting) {
      driver.connection.end();
      this.#uncount(driver);
    }
    // From here on another thread may get the number, with a deadline of its own.
    driver.connection.wheelSlot = -1;
    this.table.close(fd);
  }

  #serve(fd: number, peer: string): void {
    const { core } = this.#parts;
    const { table, figures } = this;
    const conn = fd < table.capacity ? core.open() : 0;
    if (conn === 0) {
      // There is a block for each connection within the limit, so this one exceeds it.
      ++figures.overloads;
      return close(fd);
    }
    table.open(fd, conn, peer);
    this.#generations[fd] = table.generation(fd);
    this.#peers[fd] = peer;
    ++figures.calls;
    // Events that come from now on are left on the claim word, and found when the connection is
    // parked.
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

/** An epoll instance that watches the instance `shared`, and what else a thread adds to it. */
function createPrivate(shared: number): EpollPoller {
  const poller = new EpollPoller({ trigger: "edge" });
  new EpollPoller({ trigger: "level", instance: poller.instance }).add(shared, Interest.Read);
  return poller;
}
