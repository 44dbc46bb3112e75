/** The engine of simulations: connections come from a simulated network, and no socket is opened. */
import { AcceptLoop } from "../../accept_loop.ts";
import type { Engine, EngineHost } from "../../engine.ts";
import type { Arrival, SimulatedListener } from "./listener.ts";
import { type DriverTraits, SimulatedDriver } from "./simulated_driver.ts";

/** A simulated listener, and the real loop that accepts from it. */
export class SimulatedEngine implements Engine {
  readonly address = "simulated";
  readonly port = 0;
  readonly #listener: SimulatedListener;
  readonly #traits: DriverTraits;
  readonly #done = Promise.withResolvers<void>();
  #loop: AcceptLoop<Arrival> | undefined;

  constructor(listener: SimulatedListener, traits: DriverTraits) {
    this.#listener = listener;
    this.#traits = traits;
  }

  get done(): Promise<void> {
    return this.#done.promise;
  }

  start(host: EngineHost): void {
    const listener = this.#listener;
    const context = { listener, traits: this.#traits };
    this.#loop = new AcceptLoop(listener, host.limit, {
      serve: (arrival) => SimulatedDriver.serve(host, arrival, context),
      drop: ({ end }) => {
        end.close();
        listener.closed();
      },
    }, listener.clock);
    this.#loop.done.then(this.#done.resolve, this.#done.reject);
  }

  wake(): void {
    this.#listener.clock.hasPromises = true;
    this.#loop?.wake();
  }

  stop(): void {
    this.#listener.clock.hasPromises = true;
    this.#loop?.stop();
  }
}
