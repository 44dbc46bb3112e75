/**
 * Samples on stdout, a line of JSON each, for whoever watches a command. The reader may be slow or
 * gone: nothing waits for it, and nothing piles up.
 */
import { settledWithin, sleep } from "../../system/wait.ts";

/** Where the descriptor does not block and takes nothing now: until the next attempt, in ms. */
const RETRY_MS = 10;

/** Writes one line at a time. */
export class SampleOutput {
  #writing: Promise<void> | undefined;
  #isClosed = false;

  /** Whether a line is taken: the last one is written. Never again once the reader is gone. */
  get isReady(): boolean {
    return this.#writing === undefined && !this.#isClosed;
  }

  /** Whether nobody reads any more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Writes `line`, which ends with a line feed; it must be ready. */
  write(line: string): void {
    this.#writing = this.#writeAll(new TextEncoder().encode(line));
  }

  /** Waits until the line is written, at most `withinMs`. */
  async flush(withinMs: number): Promise<void> {
    if (this.#writing !== undefined) await settledWithin(this.#writing, withinMs);
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    while (bytes.length > 0 && !this.#isClosed) {
      try {
        bytes = bytes.subarray(await Deno.stdout.write(bytes));
      } catch (error) {
        if (error instanceof Deno.errors.WouldBlock) await sleep(RETRY_MS);
        // A part of a line may be written: nothing can follow it.
        else this.#isClosed = true;
      }
    }
    this.#writing = undefined;
  }
}
