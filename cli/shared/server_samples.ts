/** What a server does, line by line on stdout, for `ktcp play`. */
import type { RunningServer } from "../../servers/mod.ts";
import { Sampler } from "../../servers/models/sampler.ts";
import type { ThreadWatch } from "../../servers/models/thread_watch.ts";
import { SampleOutput } from "./sample_output.ts";

/** How long the last line may take at the end, in ms. */
const LAST_LINE_MS = 500;

/** Writes a `ServerSample` of `server` every `everyMs`, from now on. */
export class ServerSamples {
  readonly #sampler: Sampler;
  readonly #output = new SampleOutput();
  readonly #interval: ReturnType<typeof setInterval>;
  #taking: Promise<void> | undefined;

  constructor(
    server: RunningServer,
    { watch, everyMs }: { watch: ThreadWatch; everyMs: number },
  ) {
    this.#sampler = new Sampler(server, watch);
    this.#interval = setInterval(() => this.#take(), everyMs);
  }

  /** Writes a last sample, which counts everything that the server did. */
  async end(): Promise<void> {
    clearInterval(this.#interval);
    await this.#taking;
    await this.#output.flush(LAST_LINE_MS);
    if (!this.#output.isReady) return;
    await this.#sampler.take((line) => this.#output.write(line));
    await this.#output.flush(LAST_LINE_MS);
  }

  #take(): void {
    if (this.#output.isClosed) return clearInterval(this.#interval);
    // A slow reader is not waited for: samples that it would miss are not taken.
    if (this.#taking !== undefined || !this.#output.isReady) return;
    const taken = this.#sampler.take((line) => this.#output.write(line));
    this.#taking = taken.then(() => this.#taking = undefined);
  }
}
