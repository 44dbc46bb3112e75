/** One Worker's record of an echo run: histograms of its own, counts in shared memory. */
import type { FailureKind } from "./errors.ts";
import { type EchoTallies, roundedUs } from "./tallies.ts";
import { LatencyHistogram } from "../stats/histogram.ts";

/** Files what clients saw. Rounds below 0 are the warm-up, which is not recorded. */
export class EchoRecorder {
  readonly connectUs = new LatencyHistogram();
  readonly echoUs = new LatencyHistogram();
  readonly #tallies: EchoTallies;
  #isFrozen = false;

  constructor(tallies: EchoTallies) {
    this.#tallies = tallies;
  }

  /** Ignores everything from now on, so that counts and histograms stay in agreement. */
  freeze(): void {
    this.#isFrozen = true;
  }

  /** Files the time that `client` took to connect. */
  connected(client: number, round: number, us: number): void {
    if (round < 0 || this.#isFrozen) return;
    const rounded = roundedUs(us);
    this.connectUs.record(rounded);
    this.#tallies.connected(client, round, rounded);
  }

  /** Files a good echo. */
  succeeded(client: number, round: number, sequence: number, us: number): void {
    if (round < 0 || this.#isFrozen) return;
    const rounded = roundedUs(us);
    this.echoUs.record(rounded);
    this.#tallies.succeeded(client, round, sequence, rounded);
  }

  /** Files an echo that failed; with the connect it would have needed, when that failed. */
  failed(client: number, round: number, sequence: number, kind: FailureKind): void {
    if (round < 0 || this.#isFrozen) return;
    this.#tallies.failed(client, round, sequence, kind);
  }
}
