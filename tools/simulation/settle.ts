/** Runs a simulated world until it comes to rest. */
import { setImmediate } from "node:timers";
import { hold, Wrong } from "./failure.ts";
import type { SimulatedClock } from "../../servers/net/engines/simulated/clock.ts";

/** More events than any simulation needs: with more, it is in an endless loop. */
const MAX_STEPS = 3_000_000;

/** Simulated time within which everything ends, in µs: no timeout is nearly as long. */
const MAX_US = 3600 * 1e6;

/** Waits until the reactions to all settled promises, and all that follows from them, have run. */
function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** Lets one event after the other happen, and runs a check after each. */
export class Stepper {
  readonly #clock: SimulatedClock;
  readonly #check: () => void;
  #steps = 0;

  /** @param check called after each event; what it throws ends the simulation */
  constructor(clock: SimulatedClock, check: () => void) {
    this.#clock = clock;
    this.#check = check;
  }

  /** Lets the next event happen. @returns false when there is none @throws {Wrong} */
  step(): boolean {
    const hasHappened = this.#clock.step();
    this.check();
    return hasHappened;
  }

  check(): void {
    this.#check();
    hold(this.#clock.nowUs < MAX_US, "the simulation does not come to rest within an hour");
    if (++this.#steps < MAX_STEPS) return;
    throw new Wrong(`the simulation does not come to rest within ${MAX_STEPS} events`);
  }
}

/**
 * Lets events happen until none is planned. After each, reactions to promises run before time goes on:
 * no promise waits for anything outside of the simulation, so the order is always the same.
 *
 * @param onStep called after each event; what it throws ends the simulation
 */
export async function runToRest(clock: SimulatedClock, onStep: () => void): Promise<void> {
  const stepper = new Stepper(clock, onStep);
  for (;;) {
    if (clock.hasPromises) {
      clock.hasPromises = false;
      await turn();
    }
    stepper.check();
    if (!clock.step()) {
      if (!clock.hasPromises) return;
    }
  }
}
