/**
 * The same network under the engine `deno`: streams whose reads and writes are promises, with the
 * errors of the runtime. So that engine, including its driver, runs in a simulation too.
 */
import type { Accepted, Listener, Stream } from "../deno/stream.ts";
import type { SimulatedClock } from "./clock.ts";
import type { Arrival, SimulatedListener } from "./listener.ts";
import { AGAIN, type EndEvents, RESET } from "./network.ts";
import { type DriverTraits, scribble } from "./simulated_driver.ts";

/** A pending operation. */
interface Pending {
  /** Tries. @returns how many bytes, `AGAIN` or `RESET` */
  attempt(): number;
  /** Ends it because the stream was closed. */
  cancel(): void;
  resolve(count: number): void;
  reject(error: Error): void;
}

/** A connection. */
class SimulatedStream implements Stream, EndEvents {
  readonly #arrival: Arrival;
  readonly #listener: SimulatedListener;
  readonly #clock: SimulatedClock;
  readonly #traits: DriverTraits;
  #reading: Pending | undefined;
  #writing: Pending | undefined;
  #isClosed = false;

  constructor(arrival: Arrival, listener: SimulatedListener, traits: DriverTraits) {
    this.#arrival = arrival;
    this.#listener = listener;
    this.#clock = listener.clock;
    this.#traits = traits;
    arrival.end.events = this;
  }

  read(view: Uint8Array): Promise<number> {
    const { end, random } = this.#arrival;
    return new Promise((resolve, reject) => {
      const attempt = () =>
        end.read(
          view.subarray(0, random.between(1, Math.min(view.length, this.#traits.mostBytes))),
        );
      this.#reading = { attempt, cancel: () => scribble(view), resolve, reject };
      this.readable();
    });
  }

  write(view: Uint8Array): Promise<number> {
    const { end, random } = this.#arrival;
    return new Promise((resolve, reject) => {
      const attempt = () =>
        end.write(
          view.subarray(0, random.between(1, Math.min(view.length, this.#traits.mostBytes))),
        );
      this.#writing = { attempt, cancel() {}, resolve, reject };
      this.writable();
    });
  }

  closeWrite(): Promise<void> {
    this.#clock.hasPromises = true;
    const { end } = this.#arrival;
    if (end.isReset) return Promise.reject(new Deno.errors.NotConnected("reset"));
    this.#listener.trace.note(this.#arrival.id, "FIN");
    end.finish();
    return Promise.resolve();
  }

  close(): void {
    this.#isClosed = true;
    this.#listener.trace.note(this.#arrival.id, "closed");
    this.#arrival.end.close();
    this.#listener.closed();
    this.readable();
    this.writable();
  }

  wasHeldUp(): boolean {
    return this.#traits.isHeldUp && this.#arrival.random.chance(30);
  }

  readable(): void {
    this.#try(() => this.#reading, "received", () => this.#reading = undefined);
  }

  writable(): void {
    this.#try(() => this.#writing, "sent", () => this.#writing = undefined);
  }

  /** Tries the operation after a delay; it stays pending while it cannot proceed. */
  #try(pending: () => Pending | undefined, what: string, ended: () => void): void {
    const asked = pending();
    if (asked === undefined) return;
    this.#clock.in(this.#arrival.random.below(this.#traits.mostDelayUs + 1), () => {
      if (pending() !== asked) return;
      const count = this.#isClosed ? RESET : asked.attempt();
      if (count === AGAIN) return;
      ended();
      this.#clock.hasPromises = true;
      if (this.#isClosed) {
        asked.cancel();
        return asked.reject(new Deno.errors.BadResource("closed"));
      }
      this.#listener.trace.note(this.#arrival.id, what, count);
      if (count === RESET) asked.reject(new Deno.errors.ConnectionReset("reset"));
      else asked.resolve(count);
    });
  }
}

/** The listener of the engine `deno` over a simulated one. */
export class StreamListener implements Listener {
  readonly address = "simulated";
  readonly port = 0;
  readonly #listener: SimulatedListener;
  readonly #traits: DriverTraits;

  constructor(listener: SimulatedListener, traits: DriverTraits) {
    this.#listener = listener;
    this.#traits = traits;
  }

  async accept(): Promise<Accepted> {
    const arrival = await this.#listener.accept();
    return {
      stream: new SimulatedStream(arrival, this.#listener, this.#traits),
      peer: `192.0.2.${arrival.id % 256}`,
    };
  }

  close(): void {
    this.#listener.close();
  }
}
