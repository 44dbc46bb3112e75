/** Real sockets for the tests of `system/linux/`, closed with the test. */
import { createPipe } from "../../../system/linux/file.ts";
import { MemoryPointers } from "../../../system/linux/memory.ts";
import {
  accept,
  close,
  connectTcp,
  listenTcp,
  recv,
  send,
  socketError,
} from "../../../system/linux/socket.ts";
import { PollPoller } from "../../../system/linux/pollers/poll.ts";
import { Interest } from "../../../system/linux/pollers/poller.ts";

/** Why tests that make system calls are not run: on another system there is nothing to test. */
export const notLinux = Deno.build.os !== "linux";

const bytes = new Uint8Array(1 << 20);
const pointers = new MemoryPointers(bytes);

/**
 * No descriptor. One that was closed is none for a test: in the same process other tests run in other
 * threads, and may have its number.
 */
export const NO_DESCRIPTOR = -1;

/** Descriptors that are closed when it goes out of scope. */
export class Descriptors implements Disposable {
  readonly #open = new Set<number>();

  /** Takes `fd`. @returns it */
  keep(fd: number): number {
    this.#open.add(fd);
    return fd;
  }

  /** Somebody else closes `fd`. */
  forget(fd: number): void {
    this.#open.delete(fd);
  }

  close(fd: number): void {
    this.#open.delete(fd);
    close(fd);
  }

  [Symbol.dispose](): void {
    for (const fd of this.#open) close(fd);
  }

  /** A listener at a free port of `hostname`. */
  listen(hostname = "127.0.0.1"): { fd: number; port: number } {
    const listener = listenTcp({ hostname, port: 0 });
    this.keep(listener.fd);
    return listener;
  }

  /** A pipe. */
  pipe(): [readEnd: number, writeEnd: number] {
    const [readEnd, writeEnd] = createPipe();
    return [this.keep(readEnd), this.keep(writeEnd)];
  }

  /** Two connected TCP sockets, non-blocking. */
  pair(hostname = "127.0.0.1"): [server: number, client: number] {
    const listener = listenTcp({ hostname, port: 0 });
    const client = this.keep(connectTcp(hostname, listener.port));
    awaitReady(listener.fd, Interest.Read);
    const server = this.keep(accept(listener.fd));
    awaitReady(client, Interest.Write);
    if (socketError(client) !== 0) throw new Error("not connected");
    close(listener.fd);
    return [server, client];
  }
}

/** Waits until `fd` is ready. @throws after 30 seconds */
export function awaitReady(fd: number, interest: Interest): void {
  const poller = new PollPoller();
  poller.add(fd, interest);
  if (poller.wait(30_000) !== 1) throw new Error(`Descriptor ${fd} is not ready after 30 s`);
}

/** Sends text. @returns what `send` returned */
export function sendText(fd: number, text: string): number {
  const { written } = new TextEncoder().encodeInto(text, bytes);
  return send(fd, pointers.at(0), written, 0);
}

/** Receives what is there, as text; `-errno` as a number. */
export function receiveText(fd: number): string | number {
  const count = recv(fd, pointers.at(0), bytes.length, 0);
  return count < 0 ? count : new TextDecoder().decode(bytes.subarray(0, count));
}

/** Sends until there is no room. @returns how many bytes */
export function fill(fd: number): number {
  for (let total = 0;;) {
    const sent = send(fd, pointers.at(0), bytes.length, 0);
    if (sent < 0) return total;
    total += sent;
  }
}

/** Receives `count` bytes, and throws them away. */
export function drain(fd: number, count: number): void {
  while (count > 0) {
    awaitReady(fd, Interest.Read);
    count -= recv(fd, pointers.at(0), bytes.length, 0);
  }
}
