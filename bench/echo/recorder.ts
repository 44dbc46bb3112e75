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
  #sent = 0;
  #ok = 0;
  readonly #errors: Partial<Record<FailureKind, number>> = {};
  /** What was handed over as intervals so far. */
  #before: { connect: LatencyHistogram; echo: LatencyHistogram } | undefined;

  constructor(tallies: EchoTallies) {
    this.#tallies = tallies;
  }

  /** Ignores everything from now on, so that counts and histograms stay in agreement. */
  freeze(): void {
    this.#isFrozen = true;
  }

  /** Messages so far of which the sending has begun. */
  get sent(): number {
    return this.#sent;
  }

  /** Echoes so far, and how many of them failed. */
  get counts(): { done: number; failed: number; errors: Record<string, number> } {
    const failed = Object.values(this.#errors).reduce((sum, count) => sum + count, 0);
    return { done: this.#ok + failed, failed, errors: { ...this.#errors } };
  }

  /** Hands over the latencies since it did so last, as they are encoded. */
  takeInterval(): { connect: Uint8Array<ArrayBuffer>; echo: Uint8Array<ArrayBuffer> } {
    const encoded = { connect: this.connectUs.encode(), echo: this.echoUs.encode() };
    this.#before ??= { connect: new LatencyHistogram(), echo: new LatencyHistogram() };
    this.#before.connect.merge(this.connectUs);
    this.#before.echo.merge(this.echoUs);
    this.connectUs.reset();
    this.echoUs.reset();
    return encoded;
  }

  /** Hands over all latencies, as they are encoded. */
  takeAll(): { connectUs: Uint8Array<ArrayBuffer>; echoUs: Uint8Array<ArrayBuffer> } {
    if (this.#before) {
      this.connectUs.merge(this.#before.connect);
      this.echoUs.merge(this.#before.echo);
    }
    return { connectUs: this.connectUs.encode(), echoUs: this.echoUs.encode() };
  }

  /** Files the time that `client` took to connect. */
  connected(client: number, round: number, us: number): void {
    if (round < 0 || this.#isFrozen) return;
    const rounded = roundedUs(us);
    this.connectUs.record(rounded);
    this.#tallies.connected(client, round, rounded);
  }

  /** Files that a message begins to be sent. */
  started(round: number): void {
    if (round < 0 || this.#isFrozen) return;
    this.#sent++;
  }

  /** Files a good echo. */
  succeeded(client: number, round: number, sequence: number, us: number): void {
    if (round < 0 || this.#isFrozen) return;
    this.#ok++;
    const rounded = roundedUs(us);
    this.echoUs.record(rounded);
    this.#tallies.succeeded(client, round, sequence, rounded);
  }

  /** Files an echo that failed; with the connect it would have needed, when that failed. */
  failed(client: number, round: number, sequence: number, kind: FailureKind): void {
    if (round < 0 || this.#isFrozen) return;
    this.#errors[kind] = (this.#errors[kind] ?? 0) + 1;
    this.#tallies.failed(client, round, sequence, kind);
  }
}
