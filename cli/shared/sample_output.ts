/**
 * Samples on stdout, a line of JSON each, for whoever watches a command. The reader may be slow or
 * gone: nothing waits for it, and nothing piles up.
 */
import { LibcError } from "../../system/linux/libc.ts";
import { ReadyWriter } from "../../system/linux/ready_write.ts";
import { settledWithin, sleep } from "../../system/wait.ts";

/** Time until the next attempt when the reader takes nothing, in ms. */
const RETRY_MS = 10;

const STDOUT = 1;

const encoder = new TextEncoder();

/** Writes one line at a time. */
export class SampleOutput {
  /** Absent: the runtime writes on another thread instead, which takes several times as long. */
  readonly #writer = stdoutWriter();
  #writing: Promise<void> | undefined;
  #isClosed = false;

  /** Whether another line may be written: the last one is out, and the reader is not gone. */
  get isReady(): boolean {
    return this.#writing === undefined && !this.#isClosed;
  }

  /** Whether nobody reads any more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Writes `line`, which ends with a line feed; only when `isReady`. */
  write(line: string): void {
    const rest = this.#writeReady(encoder.encode(line));
    if (rest.length > 0 && !this.#isClosed) this.#writing = this.#writeRest(rest);
  }

  /** Waits until the line is written, at most `withinMs`. */
  async flush(withinMs: number): Promise<void> {
    if (this.#writing !== undefined) await settledWithin(this.#writing, withinMs);
  }

  /** @returns the bytes that were not written */
  #writeReady(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    const count = this.#writer?.write(bytes) ?? 0;
    // A part of a line may have been written: nothing can follow it.
    if (count < 0) this.#isClosed = true;
    return bytes.subarray(Math.max(0, count));
  }

  async #writeRest(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    while (bytes.length > 0 && !this.#isClosed) {
      if (this.#writer !== undefined) {
        await sleep(RETRY_MS);
        bytes = this.#writeReady(bytes);
        continue;
      }
      try {
        bytes = bytes.subarray(await Deno.stdout.write(bytes));
      } catch (error) {
        if (error instanceof Deno.errors.WouldBlock) await sleep(RETRY_MS);
        else this.#isClosed = true;
      }
    }
    this.#writing = undefined;
  }
}

function stdoutWriter(): ReadyWriter | undefined {
  if (Deno.build.os !== "linux") return undefined;
  try {
    return new ReadyWriter(STDOUT);
  } catch (error) {
    if (error instanceof LibcError) return undefined;
    throw error;
  }
}
