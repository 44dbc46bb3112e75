/** What clients on plain descriptors receive. */
import assert from "node:assert/strict";
import { Errno } from "../../../../../system/linux/errno.ts";
import { pointerOf } from "../../../../../system/linux/memory.ts";
import { recv } from "../../../../../system/linux/socket.ts";

const buffer = new Uint8Array(1 << 20);
const bufferPointer = pointerOf(buffer);

/** Receives what is there. @returns `null` for the peer's FIN */
function receive(fd: number): Uint8Array<ArrayBuffer> | null {
  const count = recv(fd, bufferPointer, buffer.length, 0);
  if (count === 0) return null;
  if (count === -Errno.EAGAIN) return new Uint8Array(0);
  assert.ok(count > 0, `recv: errno ${-count}`);
  return buffer.slice(0, count);
}

/** Gathers what a client receives. */
export class Received {
  bytes = 0;
  hasEnded = false;
  readonly #parts: Uint8Array[] = [];
  readonly #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Receives all that is there. @returns how many bytes there are by now */
  take(): number {
    for (let part; (part = this.hasEnded ? null : receive(this.#fd))?.length !== 0;) {
      if (part === null) {
        this.hasEnded = true;
        break;
      }
      this.#parts.push(part);
      this.bytes += part.length;
    }
    return this.bytes;
  }

  get whole(): Uint8Array {
    const whole = new Uint8Array(this.bytes);
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}
