/** The default engine: `Deno.listen`, promises, every platform. */
import { systemClock } from "../../../../system/clock.ts";
import type { Engine, EngineHost } from "../../engine.ts";
import { AcceptLoop } from "../../accept_loop.ts";
import type { Accepted, Listener } from "./stream.ts";
import { StreamDriver } from "./stream_driver.ts";

/** A listener and the loop that accepts from it. */
export class DenoEngine implements Engine {
  readonly #listener: Listener;
  readonly #done = Promise.withResolvers<void>();
  readonly #clock: typeof systemClock;
  #loop: AcceptLoop<Accepted> | undefined;

  constructor(listener: Listener, clock = systemClock) {
    this.#listener = listener;
    this.#clock = clock;
  }

  get address(): string {
    return this.#listener.address;
  }

  get port(): number {
    return this.#listener.port;
  }

  get done(): Promise<void> {
    return this.#done.promise;
  }

  start(host: EngineHost): void {
    this.#loop = new AcceptLoop(this.#listener, host.limit, {
      serve: (accepted) => void StreamDriver.serve(host, accepted),
      drop: ({ stream }) => stream.close(),
    }, this.#clock);
    this.#loop.done.then(this.#done.resolve, this.#done.reject);
  }

  wake(): void {
    this.#loop?.wake();
  }

  stop(): void {
    this.#loop?.stop();
  }
}
