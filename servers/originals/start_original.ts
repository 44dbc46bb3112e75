/** Starts an original on a thread of its own. */
import {
  Count,
  type OriginalMessage,
  type OriginalOptions,
  type OriginalTask,
} from "./original.ts";

/** A running server. */
export interface RunningOriginal {
  port: number;
  /** Its counts so far, by {@linkcode Count}. */
  counts: Readonly<Float64Array>;
  /** Resolves when it has ended, with the reason. */
  died: Promise<string>;
}

/**
 * Starts a server on a thread of its own, which blocks in epoll_wait(2) until the process ends.
 *
 * @throws {Error} when it cannot listen; the message says what was attempted
 */
export async function startOriginal(options: OriginalOptions): Promise<RunningOriginal> {
  const counts = new SharedArrayBuffer(Count.Length * Float64Array.BYTES_PER_ELEMENT);
  const worker = new Worker(new URL("./original_worker.ts", import.meta.url), {
    type: "module",
    name: "original",
    deno: { permissions: { ffi: true } },
  });
  const listening = Promise.withResolvers<number>();
  const died = Promise.withResolvers<string>();
  worker.onmessage = ({ data }: MessageEvent<OriginalMessage>) => {
    if ("port" in data) return listening.resolve(data.port);
    died.resolve(data.died);
    listening.reject(new Error(data.died));
  };
  worker.onerror = (event) => {
    event.preventDefault();
    died.resolve(event.message);
    listening.reject(new Error(event.message));
  };
  worker.postMessage({ options, counts } satisfies OriginalTask);
  return {
    port: await listening.promise,
    counts: new Float64Array(counts),
    died: died.promise,
  };
}
