/**
 * Thousands of idle connections, as plain descriptors, because streams with their promises would
 * take a KiB each and, above all, time. Linux, with FFI.
 */
import { Errno } from "../../system/linux/errno.ts";
import { SystemError } from "../../system/linux/libc.ts";
import { encodeTcpAddress } from "../../system/linux/sockaddr.ts";
import { pointerOf } from "../../system/linux/memory.ts";
import {
  close,
  openConnection,
  recv,
  sendBytes,
  setResetOnClose,
} from "../../system/linux/socket.ts";
import { sleep } from "../../system/wait.ts";
import type { Target } from "./lab.ts";

/** Connects before it is checked that the server has accepted them: fewer than its backlog. */
const BATCH = 256;

/** How long the server may take to accept a batch, in ms. */
const ACCEPT_MS = 10_000;

/** How long the rest of an answer may take, in ms: a server may send more than it received. */
const REST_MS = 2;

const MESSAGE = new Uint8Array([0x2e]);
const answer = new Uint8Array(4096);

/** How connections are closed. */
export interface ClosingOptions {
  /**
   * Close with a reset, which leaves no TIME-WAIT; default: with a FIN, which every server
   * survives.
   */
  isReset?: boolean;
}

/** Open connections to one echo server. */
export class IdleConnections {
  readonly #target: Target;
  readonly #open: number[] = [];
  readonly #isReset: boolean;

  constructor(target: Target, { isReset = false }: ClosingOptions = {}) {
    this.#target = target;
    this.#isReset = isReset;
  }

  /** How many are open. */
  get count(): number {
    return this.#open.length;
  }

  /**
   * Opens connections until there are `count`, and waits until the server has accepted them.
   *
   * @throws {SystemError} EMFILE, EADDRNOTAVAIL, ECONNREFUSED and others
   * @throws {Error} when the server does not accept them
   */
  async grow(count: number): Promise<void> {
    while (this.count < count) {
      this.#connect(Math.min(BATCH, count - this.count));
      // Connections are accepted in order, so an answer to the last one is enough.
      if (!await answers(this.#open.at(-1)!)) {
        const { name } = this.#target;
        throw new Error(`${name} does not answer its connection number ${this.count}`);
      }
    }
  }

  /**
   * Opens `count` more, sends a byte on each, and waits until all are answered or no further answer
   * has arrived for `quietMs`.
   *
   * @returns how many were answered
   */
  async tryMore(count: number, quietMs: number): Promise<number> {
    const first = this.count;
    while (this.count < first + count) {
      this.#connect(Math.min(BATCH, first + count - this.count));
      await sleep(REST_MS);
    }
    const waiting = new Set(this.#open.slice(first));
    // A connection that is not established yet accepts no byte, and gets no answer either.
    for (const fd of waiting) sendBytes(fd, MESSAGE, 0);
    let lastMs = performance.now();
    for (; waiting.size > 0 && performance.now() - lastMs < quietMs; await sleep(REST_MS)) {
      for (const fd of waiting) {
        if (recv(fd, pointerOf(answer), answer.length, 0) <= 0) continue;
        waiting.delete(fd);
        lastMs = performance.now();
      }
    }
    return count - waiting.size;
  }

  /** Closes all, and waits until the server has noticed. */
  async close(): Promise<void> {
    if (this.count === 0) return;
    for (const fd of this.#open.splice(0)) {
      if (this.#isReset) setResetOnClose(fd);
      close(fd);
    }
    // It is answered only after the server has seen the ends of the others.
    this.#connect(1);
    await answers(this.#open[0]);
    close(this.#open.pop()!);
  }

  #connect(count: number): void {
    const { hostname, port } = this.#target;
    const address = encodeTcpAddress(hostname, port);
    for (let i = 0; i < count; i++) {
      const fd = openConnection(address);
      if (fd < 0) throw new SystemError(`connect(${hostname}:${port})`, -fd);
      this.#open.push(fd);
    }
  }
}

/** Sends a byte on `fd`, and waits for the complete answer. @returns whether there was one */
async function answers(fd: number): Promise<boolean> {
  const endMs = performance.now() + ACCEPT_MS;
  const buffer = pointerOf(answer);
  let isSent = false;
  for (; performance.now() < endMs; await sleep(1)) {
    isSent ||= sendBytes(fd, MESSAGE, 0) === MESSAGE.length;
    if (!isSent) continue;
    const count = recv(fd, buffer, answer.length, 0);
    if (count === -Errno.EAGAIN) continue;
    if (count <= 0) return false;
    do await sleep(REST_MS); while (recv(fd, buffer, answer.length, 0) > 0);
    return true;
  }
  return false;
}
