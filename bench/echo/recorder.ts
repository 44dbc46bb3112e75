/** One Worker's record of an echo run: its own histograms, and counts in shared memory. */
import type { FailureKind } from "./errors.ts";
import { type EchoTallies, roundedUs } from "./tallies.ts";
import { LatencyHistogram } from "../stats/histogram.ts";

/** Records the results of clients. Rounds below 0 are the warm-up, which is not recorded. */
export class EchoRecorder {
  readonly connectUs = new LatencyHistogram();
  readonly echoUs = new LatencyHistogram();
  readonly #tallies: EchoTallies;
  #isFrozen = false;
  #sent = 0;
  #ok = 0;
  readonly #errors: Partial<Record<FailureKind, number>> = {};
  /** Latencies handed over in intervals so far. */
  #before: { connect: LatencyHistogram; echo: LatencyHistogram } | undefined;

  constructor(tallies: EchoTallies) {
    this.#tallies = tallies;
  }

  /** Ignores everything from now on, so that counts and histograms stay in agreement. */
  freeze(): void {
    this.#isFrozen = true;
  }

  /** Messages whose sending has begun so far. */
  get sent(): number {
    return this.#sent;
  }

  /** Echoes so far, and how many of them failed. */
  get counts(): { done: number; failed: number; errors: Record<string, number> } {
    const failed = Object.values(this.#errors).reduce((sum, count) => sum + count, 0);
    return { done: this.#ok + failed, failed, errors: { ...this.#errors } };
  }

  /** Returns the latencies since the last call, encoded, and resets them. */
  takeInterval(): { connect: Uint8Array<ArrayBuffer>; echo: Uint8Array<ArrayBuffer> } {
    const encoded = { connect: this.connectUs.encode(), echo: this.echoUs.encode() };
    this.#before ??= { connect: new LatencyHistogram(), echo: new LatencyHistogram() };
    this.#before.connect.merge(this.connectUs);
    this.#before.echo.merge(this.echoUs);
    this.connectUs.reset();
    this.echoUs.reset();
    return encoded;
  }

  /** Returns all latencies, encoded. */
  takeAll(): { connectUs: Uint8Array<ArrayBuffer>; echoUs: Uint8Array<ArrayBuffer> } {
    if (this.#before) {
      this.connectUs.merge(this.#before.connect);
      this.echoUs.merge(this.#before.echo);
    }
    return { connectUs: this.connectUs.encode(), echoUs: this.echoUs.encode() };
  }

  /** Records the time that `client` took to connect. */
  connected(client: number, round: number, us: number): void {
    if (round < 0 || this.#isFrozen) return;
    const rounded = roundedUs(us);
    this.connectUs.record(rounded);
    this.#tallies.connected(client, round, rounded);
  }

  /** Records that sending a message has begun. */
  started(round: number): void {
    if (round < 0 || this.#isFrozen) return;
    this.#sent++;
  }

  /** Records a correct echo. */
  succeeded(client: number, round: number, sequence: number, us: number): void {
    if (round < 0 || this.#isFrozen) return;
    this.#ok++;
    const rounded = roundedUs(us);
    this.echoUs.record(rounded);
    this.#tallies.succeeded(client, round, sequence, rounded);
  }

  /** Records a failed echo; a failed connect counts as the failure of its echo. */
  failed(client: number, round: number, sequence: number, kind: FailureKind): void {
    if (round < 0 || this.#isFrozen) return;
    this.#errors[kind] = (this.#errors[kind] ?? 0) + 1;
    this.#tallies.failed(client, round, sequence, kind);
  }
}
