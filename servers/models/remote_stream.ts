/**
 * Both ends of a stream whose socket belongs to another thread: a `Deno.Conn` cannot be sent to a
 * Worker. The Worker asks, with places in the shared memory; the owner reads and writes there.
 */
import type { Core } from "../../core/mod.ts";
import type { Stream } from "../engine.ts";
import type { WorkContext } from "../workqueue/serve_work.ts";
import type { StreamReply, StreamRequest } from "./messages.ts";

/** The Worker's end. */
export class RemoteStream implements Stream {
  readonly #context: WorkContext<unknown>;
  readonly #core: Core;
  readonly #waiting = new Map<StreamReply["kind"], PromiseWithResolvers<number | null>>();
  #isClosed = false;

  constructor(context: WorkContext<unknown>, core: Core) {
    this.#context = context;
    this.#core = core;
  }

  /** Takes the owner's answer. */
  reply({ kind, count, failed }: StreamReply): void {
    const waiting = this.#waiting.get(kind);
    this.#waiting.delete(kind);
    if (failed === undefined) waiting?.resolve(count);
    else waiting?.reject(new Deno.errors.ConnectionReset(failed));
  }

  read(view: Uint8Array): Promise<number | null> {
    return this.#ask({ kind: "read", start: view.byteOffset, length: view.length });
  }

  async write(view: Uint8Array): Promise<number> {
    if (view.buffer === this.#core.bytes.buffer) return await this.#write(view);
    // From outside of the shared memory (a file's buffer): by way of a block of it.
    const block = this.#core.openStaging();
    try {
      const part = view.subarray(0, block.length);
      block.set(part);
      return await this.#write(block.subarray(0, part.length));
    } finally {
      this.#core.closeStaging(block);
    }
  }

  async #write({ byteOffset, length }: Uint8Array): Promise<number> {
    return (await this.#ask({ kind: "write", start: byteOffset, length }))!;
  }

  async closeWrite(): Promise<void> {
    await this.#ask({ kind: "close-write" });
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#context.post({ kind: "close" });
    const gone = new Deno.errors.BadResource("The connection is closed");
    for (const waiting of this.#waiting.values()) waiting.reject(gone);
    this.#waiting.clear();
  }

  #ask(request: Exclude<StreamRequest, { kind: "close" }>): Promise<number | null> {
    if (this.#isClosed) {
      return Promise.reject(new Deno.errors.BadResource("The connection is closed"));
    }
    const waiting = Promise.withResolvers<number | null>();
    this.#waiting.set(request.kind, waiting);
    this.#context.post(request);
    return waiting.promise;
  }
}

/** The owner's end: does what `request` asks with `stream`. Never rejects. */
export async function serveStreamRequest(
  request: StreamRequest,
  { stream, bytes, reply }: {
    stream: Stream;
    /** The shared memory. */
    bytes: Uint8Array;
    reply: (reply: StreamReply) => void;
  },
): Promise<void> {
  if (request.kind === "close") {
    stream.close();
    return;
  }
  const { kind } = request;
  try {
    if (kind === "close-write") {
      await stream.closeWrite();
      reply({ kind, count: 0 });
    } else {
      const view = bytes.subarray(request.start, request.start + request.length);
      reply({ kind, count: await stream[kind](view) });
    }
  } catch (error) {
    reply({ kind, count: null, failed: String(error) });
  }
}
