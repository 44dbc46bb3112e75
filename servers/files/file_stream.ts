/**
 * Streams a file to one reader. The buffers are large, so that few system calls are needed, and are
 * reused, so that a download does not allocate a new one.
 */
import type { Streamed } from "../http/resource.ts";
import { PeerGone } from "../net/peer_gone.ts";
import type { Sender } from "../net/service.ts";
import type { OpenFile } from "./files.ts";
import type { PlannedFile } from "./plan.ts";

/** Bytes of a buffer: the size of one read and one write. */
const BUFFER_BYTES = 256 << 10;

/** Most unused buffers that are kept. */
const MAX_KEPT = 16;

const kept: Uint8Array<ArrayBuffer>[] = [];

/** A buffer for exclusive use until `giveBuffer`. */
function takeBuffer(): Uint8Array<ArrayBuffer> {
  return kept.pop() ?? new Uint8Array(BUFFER_BYTES);
}

/** Returns a buffer; the caller must not use it any more. */
function giveBuffer(buffer: Uint8Array<ArrayBuffer>): void {
  if (kept.length < MAX_KEPT) kept.push(buffer);
}

/** A file, or ranges of it, read only as fast as the peer receives it. */
export class FileStream implements Streamed {
  readonly #file: OpenFile;
  readonly #planned: PlannedFile;
  readonly #onFault: (error: unknown) => void;
  #buffer: Uint8Array<ArrayBuffer> | undefined;
  /** Bytes of the first range that `begin` has read. */
  #begun = 0;

  /**
   * @param onFault called with the error of a read that fails after the head was sent; rethrows
   * bugs
   */
  constructor(file: OpenFile, planned: PlannedFile, onFault: (error: unknown) => void) {
    this.#file = file;
    this.#planned = planned;
    this.#onFault = onFault;
  }

  /** Reads the first piece. @returns false when the file was truncated */
  async begin(): Promise<boolean> {
    const planned = this.#planned;
    const first = planned.kind === "file"
      ? planned
      : planned.parts.find(({ kind }) => kind === "range");
    const { offset, length } = first as { offset: number; length: number };
    this.#buffer = takeBuffer();
    this.#begun = await this.#file.read(this.#buffer.subarray(0, length), offset);
    return this.#begun > 0;
  }

  async send(sender: Sender): Promise<boolean> {
    const planned = this.#planned;
    if (planned.kind === "file") return await this.#sendRange(sender, planned);
    for (const part of planned.parts) {
      if (part.kind === "bytes") await sender.write(part.bytes);
      else if (!(await this.#sendRange(sender, part))) return false;
    }
    return true;
  }

  cancel(): void {
    this.#file.close();
    if (this.#buffer !== undefined) giveBuffer(this.#buffer);
    this.#buffer = undefined;
  }

  /** @returns false when the file ends before the range does, or cannot be read any further */
  async #sendRange(
    sender: Sender,
    { offset, length }: { offset: number; length: number },
  ): Promise<boolean> {
    if (sender.sendFile !== undefined) {
      return await this.#sendFromKernel(sender, { offset, length });
    }
    const buffer = this.#buffer!;
    const end = offset + length;
    while (offset < end) {
      const room = end - offset < buffer.length ? buffer.subarray(0, end - offset) : buffer;
      let count = this.#begun;
      this.#begun = 0;
      try {
        if (count === 0) count = await this.#file.read(room, offset);
      } catch (error) {
        this.#onFault(error);
        return false;
      }
      if (count === 0) return false;
      await sender.write(count < buffer.length ? buffer.subarray(0, count) : buffer);
      offset += count;
    }
    return true;
  }

  /** Sends a range with sendfile(2), without copying it through this program. */
  async #sendFromKernel(
    sender: Sender,
    { offset, length }: { offset: number; length: number },
  ): Promise<boolean> {
    const begun = this.#begun;
    this.#begun = 0;
    if (begun > 0) await sender.write(this.#buffer!.subarray(0, begun));
    const rest = { file: this.#file.descriptor, offset: offset + begun, length: length - begun };
    try {
      return await sender.sendFile!(rest) === rest.length;
    } catch (error) {
      if (error instanceof PeerGone) throw error;
      this.#onFault(error);
      return false;
    }
  }
}
