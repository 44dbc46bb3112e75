/** Raw samples of a thread, handed over in portions. */
import type { Inspected } from "./inspect.ts";
import type { RequestSample } from "../result.ts";

/** Samples in a portion. */
const PORTION = 1000;

/** How a log is set up. */
export interface SampleLogOptions {
  thread: number;
  /** Called with each portion. */
  onPortion: (samples: RequestSample[]) => void;
  /** Whether a response of this status counts as good. */
  isGood: (status: number) => boolean;
}

/** Collects what happened to each request. Times are on this thread's clock, in microseconds. */
export class SampleLog {
  readonly #options: SampleLogOptions;
  #samples: RequestSample[] = [];
  #beginUs = 0;

  constructor(options: SampleLogOptions) {
    this.#options = options;
  }

  /** Discards what was collected; starts are relative to `beginUs` from now on. */
  begin(beginUs: number): void {
    this.#samples = [];
    this.#beginUs = beginUs;
  }

  /** Records a complete response; `connectUs` is -1 if it needed no new connection. */
  response(
    seq: number,
    startUs: number,
    connectUs: number,
    ttfbUs: number,
    latencyUs: number,
    { status, isExpected }: Inspected,
  ): void {
    const result = isExpected && this.#options.isGood(status) ? "good" : "bad";
    this.#push({ seq, startUs, connectUs, ttfbUs, latencyUs, status, result });
  }

  /** Records a request without a complete response. */
  failure(seq: number, startUs: number, connectUs: number, kind: string): void {
    const none = { ttfbUs: null, latencyUs: null, status: null };
    this.#push({ seq, startUs, connectUs, ...none, result: kind });
  }

  /** Hands over the last portion. */
  flush(): void {
    if (this.#samples.length > 0) this.#options.onPortion(this.#samples);
    this.#samples = [];
  }

  #push(sample: Omit<RequestSample, "thread" | "connectUs"> & { connectUs: number }): void {
    this.#samples.push({
      ...sample,
      thread: this.#options.thread,
      startUs: sample.startUs - this.#beginUs,
      connectUs: sample.connectUs < 0 ? null : sample.connectUs,
    });
    if (this.#samples.length === PORTION) this.flush();
  }
}
