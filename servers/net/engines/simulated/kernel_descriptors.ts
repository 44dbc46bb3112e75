/** The descriptors of a simulated kernel, and what each is ready for. */
import type { SimulatedClock } from "./clock.ts";
import type { Arrival, SimulatedListener } from "./listener.ts";

/** What a descriptor is ready for, as poll(2) and epoll(7) have it. */
export const enum Ready {
  In = 0x1,
  Out = 0x4,
  Error = 0x8,
  HangUp = 0x10,
  PeerEnd = 0x2000,
}

/** Reported whether it is asked for or not. */
export const ALWAYS = Ready.Error | Ready.HangUp;

/** What a descriptor stands for. */
export abstract class Descriptor {
  /** What epoll instances watch of it. */
  readonly watches = new Set<Watch>();

  /** {@linkcode Ready} bits. */
  abstract get ready(): number;

  /** To be called when something has changed: with edge triggering, it is reported again. */
  wake(): void {
    for (const watch of this.watches) watch.isPending = true;
  }

  close(): void {
    for (const watch of this.watches) watch.epoll.watched.delete(watch.fd);
  }
}

/** A listening socket. */
export class Listening extends Descriptor {
  readonly #listener: SimulatedListener;

  constructor(listener: SimulatedListener) {
    super();
    this.#listener = listener;
    listener.onReady = () => this.wake();
  }

  get ready(): number {
    return this.#listener.isReady ? Ready.In : 0;
  }

  override close(): void {
    super.close();
    this.#listener.close();
  }
}

/** A connection. */
export class Socket extends Descriptor {
  readonly arrival: Arrival;
  readonly #listener: SimulatedListener;

  constructor(arrival: Arrival, listener: SimulatedListener) {
    super();
    this.arrival = arrival;
    this.#listener = listener;
    const wake = () => this.wake();
    arrival.end.events = { readable: wake, writable: wake };
  }

  get ready(): number {
    const { end } = this.arrival;
    if (end.isReset) return Ready.In | Ready.Out | ALWAYS | Ready.PeerEnd;
    return (end.isReadable ? Ready.In : 0) | (end.room > 0 ? Ready.Out : 0) |
      (end.hasFin ? Ready.PeerEnd : 0);
  }

  override close(): void {
    super.close();
    this.#listener.trace.note(this.arrival.id, "closed");
    this.arrival.end.close();
    this.#listener.closed();
  }
}

/** An eventfd, or a timerfd. */
export class Counter extends Descriptor {
  count = 0;
  /** How often it was set; expirations of earlier settings have no effect. */
  #settings = 0;

  get ready(): number {
    return this.count > 0 ? Ready.In : 0;
  }

  add(): void {
    ++this.count;
    this.wake();
  }

  /** Adds 1 after `firstUs`, and then every `everyUs`; 0: not at all. */
  setTimer(clock: SimulatedClock, firstUs: number, everyUs: number): void {
    const setting = ++this.#settings;
    this.count = 0;
    const expire = () => {
      if (setting !== this.#settings) return;
      this.add();
      if (everyUs > 0) clock.in(everyUs, expire);
    };
    if (firstUs > 0) clock.in(firstUs, expire);
  }

  override close(): void {
    super.close();
    ++this.#settings;
  }
}

/** What an epoll instance watches. */
export interface Watch {
  epoll: Epoll;
  fd: number;
  descriptor: Descriptor;
  /** The events to watch for, with the mode bits. */
  events: number;
  /** Edge-triggered: whether it has to be reported, because it changed since the last report. */
  isPending: boolean;
}

/** An epoll instance. */
export class Epoll extends Descriptor {
  /** By descriptor. */
  readonly watched = new Map<number, Watch>();

  get ready(): number {
    return 0;
  }
}
