/** A listening socket of the simulated network: an accept queue, and the faults it can have. */
import type { AcceptSource } from "../../accept_loop.ts";
import type { SimulatedClock } from "./clock.ts";
import { End, type NetworkTraits } from "./network.ts";
import { Random } from "./random.ts";
import type { Trace } from "./trace.ts";

/** A connection as its server sees it. */
export interface Arrival {
  /** Its number, by which ends, traces and addresses identify it. */
  id: number;
  end: End;
  random: Random;
}

/** A pending `accept`. */
interface Waiting {
  resolve(arrival: Arrival): void;
  reject(error: Error): void;
}

/** A listening socket. */
export class SimulatedListener implements AcceptSource<Arrival> {
  readonly clock: SimulatedClock;
  readonly trace: Trace;
  /** Descriptors that connections may still take. */
  descriptors = Infinity;
  /** Server ends that are open. */
  open = 0;
  /** Called when `take` may find something. */
  onReady: () => void = () => {};
  readonly #queue: Arrival[] = [];
  readonly #errors: Error[] = [];
  #waiting: Waiting | undefined;
  #isClosed = false;

  constructor(clock: SimulatedClock, trace: Trace) {
    this.clock = clock;
    this.trace = trace;
  }

  /** Connections that were not accepted yet. */
  get queued(): number {
    return this.#queue.length;
  }

  /** Whether `take` would find something. */
  get isReady(): boolean {
    return this.#queue.length > 0 || this.#errors.length > 0;
  }

  /**
   * Connects as client `id`.
   *
   * @param seed of all random decisions about this connection
   * @returns the client's end, `undefined` when the listener is closed
   */
  connect(id: number, seed: number, traits: NetworkTraits): End | undefined {
    if (this.#isClosed) return undefined;
    const random = new Random(seed, 1);
    const [client, server] = End.pair(this.clock, random, traits);
    this.clock.in(random.between(traits.leastDelayUs, traits.mostDelayUs), () => {
      if (this.#isClosed) return server.reset();
      this.#queue.push({ id, end: server, random });
      this.#serve();
    });
    return client;
  }

  /** Makes the next `accept` fail with `error`; connections stay in the queue. */
  fail(error: Error): void {
    this.#errors.push(error);
    this.#serve();
  }

  /** To be called when a server end was closed. */
  closed(): void {
    --this.open;
  }

  accept(): Promise<Arrival> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#serve();
    });
  }

  /** Closes it, and resets connections that were not accepted. */
  close(): void {
    this.#isClosed = true;
    for (const { end } of this.#queue.splice(0)) end.reset();
    this.#waiting?.reject(new Deno.errors.BadResource("The listener is closed"));
    this.#waiting = undefined;
    this.clock.hasPromises = true;
  }

  /**
   * Accepts without waiting. @returns the connection, or the error; `undefined` when none is
   * waiting
   */
  take(): Arrival | Error | undefined {
    if (!this.isReady) return undefined;
    const error = this.#errors.shift();
    if (error !== undefined) return error;
    if (this.open >= this.descriptors) return outOfDescriptors();
    const arrival = this.#queue.shift()!;
    ++this.open;
    this.trace.note(arrival.id, "accepted");
    return arrival;
  }

  #serve(): void {
    this.onReady();
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    const taken = this.take();
    if (taken === undefined) return;
    this.#waiting = undefined;
    this.clock.hasPromises = true;
    if (taken instanceof Error) waiting.reject(taken);
    else waiting.resolve(taken);
  }
}

/** EMFILE, in the form of the runtime's error. */
export function outOfDescriptors(): Error {
  return new Error("Too many open files (os error 24)");
}
