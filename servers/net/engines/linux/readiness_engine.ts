/**
 * The engines `select`, `poll` and `epoll`: one loop over a poller, non-blocking sockets, every call
 * synchronous.
 */
import { type Clock, systemClock } from "../../../../system/clock.ts";
import { SystemError } from "../../../../system/linux/libc.ts";
import { MemoryPointers } from "../../../../system/linux/memory.ts";
import { Interest, type Poller } from "../../../../system/linux/pollers/poller.ts";
import { accept, close, peerAddress } from "../../../../system/linux/socket.ts";
import { ACCEPT_RETRY_MS } from "../../accept_loop.ts";
import type { Engine, EngineHost } from "../../engine.ts";
import { AcceptFailure, acceptFailure } from "./accept_failure.ts";
import type { CallCounts } from "./call_counts.ts";
import { type DescriptorContext, DescriptorDriver } from "./descriptor_driver.ts";
import { EventLoop, type EventSource } from "./event_loop.ts";
import type { ListeningSocket } from "./listening_socket.ts";
import type { OpenDescriptors } from "./open_descriptors.ts";
import type { Ticker } from "./ticker.ts";
import type { Waker } from "./waker.ts";

/** Most connections that one turn accepts, as other sockets must be served, too. */
const MAX_ACCEPTS = 128;

/** The parts of the engine. */
export interface ReadinessEngineOptions {
  socket: ListeningSocket;
  poller: Poller;
  isEdge: boolean;
  /** TCP_CORK: see `SendOptions`. */
  cork: boolean;
  ticker: Ticker;
  waker: Waker;
  open: OpenDescriptors;
  /** Default: the runtime's. */
  clock?: Pick<Clock, "nowMs">;
}

/** A listening socket and the loop of its thread. */
export class ReadinessEngine implements Engine, EventSource {
  readonly address: string;
  readonly port: number;
  readonly loop: EventLoop;
  readonly counts: CallCounts = { waits: 0, events: 0, calls: 0 };
  readonly #socket: ListeningSocket;
  readonly #poller: Poller;
  readonly #isEdge: boolean;
  readonly #cork: boolean;
  readonly #ticker: Ticker;
  readonly #open: OpenDescriptors;
  readonly #clock: Pick<Clock, "nowMs">;
  readonly #done = Promise.withResolvers<void>();
  /** By descriptor. */
  readonly #drivers: (DescriptorDriver | undefined)[] = [];
  /** Drivers that may have more to do, although no event will be reported. */
  #again: DescriptorDriver[] = [];
  #host!: EngineHost;
  #context!: DescriptorContext;
  #isListening = false;
  #isPaused = false;
  /**
   * Whether the last turn accepted the most that one may: with edge triggering, the remaining ones
   * cause no event.
   */
  #hasMoreToAccept = false;
  #retryMs = Infinity;

  constructor(
    { socket, poller, isEdge, cork, ticker, waker, open, clock = systemClock }:
      ReadinessEngineOptions,
  ) {
    this.#open = open;
    this.#clock = clock;
    this.#socket = socket;
    this.#poller = poller;
    this.#isEdge = isEdge;
    this.#cork = cork;
    this.address = socket.address;
    this.port = socket.port;
    this.#ticker = ticker;
    this.loop = new EventLoop(this, { clock: ticker, waker });
  }

  get done(): Promise<void> {
    return this.#done.promise;
  }

  start(host: EngineHost): void {
    this.#host = host;
    this.#context = {
      core: host.core,
      pointers: new MemoryPointers(host.core.bytes),
      poller: this.#poller,
      loop: this.loop,
      isEdge: this.#isEdge,
      cork: this.#cork,
      counts: this.counts,
      again: (driver) => void this.#again.push(driver),
      closed: (fd) => {
        this.#drivers[fd] = undefined;
        this.#open.delete(fd);
      },
    };
    this.#watchOwn(this.loop.waker.fd);
    this.#watchOwn(this.#ticker.fd);
    this.#watchOwn(this.#socket.fd);
    this.#isListening = true;
  }

  wake(): void {
    if (!this.#isPaused || !this.#isListening || this.#host.limit.isReached()) return;
    this.#isPaused = false;
    this.#retryMs = Infinity;
    this.#watchOwn(this.#socket.fd);
  }

  stop(): void {
    if (!this.#isListening) return;
    this.#isListening = false;
    this.#retryMs = Infinity;
    if (!this.#isPaused) this.#poller.remove(this.#socket.fd);
    this.#socket.close();
    this.#open.delete(this.#socket.fd);
    this.#done.resolve();
  }

  /** Releases everything, once the loop has ended. */
  close(): void {
    this.stop();
    const { instance } = this.#poller;
    this.#poller.close();
    this.#ticker.close();
    this.#open.delete(this.#ticker.fd);
    if (instance !== undefined) this.#open.delete(instance);
  }

  turn(timeoutMs: number): number {
    const poller = this.#poller;
    const hadAgain = this.#again.length > 0;
    if (this.#retryMs !== Infinity) timeoutMs = Math.min(timeoutMs, this.#retry());
    const hadMoreToAccept = this.#hasMoreToAccept;
    this.#hasMoreToAccept = false;
    ++this.counts.waits;
    ++this.counts.calls;
    if (hadAgain || hadMoreToAccept) timeoutMs = 0;
    const count = poller.wait(timeoutMs === Infinity ? -1 : timeoutMs);
    if (count < 0) throw new SystemError(poller.name, -count);
    this.counts.events += count;
    for (let i = 0; i < count; ++i) {
      const fd = poller.fd(i);
      const driver = this.#drivers[fd];
      if (driver !== undefined) this.#ready(driver, poller.events(i));
      else if (fd === this.#socket.fd) this.#accept();
      else if (fd === this.#ticker.fd) this.#ticker.ticked();
      else if (fd === this.loop.waker.fd) this.loop.woken();
    }
    if (hadMoreToAccept) this.#accept();
    const again = this.#again;
    if (again.length === 0) return count;
    this.#again = [];
    for (const driver of again) {
      try {
        driver.goOn();
      } catch (error) {
        driver.broken(error);
      }
    }
    return count + again.length;
  }

  #ready(driver: DescriptorDriver, events: number): void {
    try {
      driver.ready(events);
    } catch (error) {
      driver.broken(error);
    }
  }

  #watchOwn(fd: number): void {
    const result = this.#poller.add(fd, Interest.Read);
    if (result < 0) throw new SystemError(`${this.#poller.name}: watch a descriptor`, -result);
  }

  #accept(): void {
    if (!this.#isListening || this.#isPaused) return;
    for (let i = 0; i < MAX_ACCEPTS; ++i) {
      if (this.#host.limit.isReached()) return this.#pause();
      ++this.counts.calls;
      const fd = accept(this.#socket.fd);
      if (fd >= 0) {
        this.#serve(fd);
        continue;
      }
      switch (acceptFailure(fd)) {
        case AcceptFailure.Nobody:
          return;
        case AcceptFailure.Short:
          return this.#pause();
        case AcceptFailure.Broken:
          this.#done.reject(new SystemError("accept", -fd));
          return this.stop();
      }
    }
    this.#hasMoreToAccept = true;
  }

  /** Leaves connections in the accept queue until one ends, or for a while. */
  #pause(): void {
    this.#isPaused = true;
    this.#retryMs = this.#clock.nowMs() + ACCEPT_RETRY_MS;
    this.#poller.remove(this.#socket.fd);
  }

  /** Tries to accept again when it is time. @returns the time until then, in ms */
  #retry(): number {
    const leftMs = this.#retryMs - this.#clock.nowMs();
    if (leftMs > 0) return Math.ceil(leftMs);
    this.#retryMs = this.#clock.nowMs() + ACCEPT_RETRY_MS;
    this.wake();
    return ACCEPT_RETRY_MS;
  }

  #serve(fd: number): void {
    const watched = this.#isEdge ? Interest.Read | Interest.Write : Interest.Read;
    ++this.counts.calls;
    if (this.#poller.add(fd, watched) < 0) {
      this.#host.refused();
      return void close(fd);
    }
    const driver = new DescriptorDriver(this.#context, fd);
    const connection = this.#host.open(driver, this.#socket.isUnix ? "" : peerAddress(fd));
    if (connection === undefined) {
      this.#poller.remove(fd);
      return void close(fd);
    }
    this.#drivers[fd] = driver;
    this.#open.add(fd);
    driver.start(connection, watched);
  }
}
