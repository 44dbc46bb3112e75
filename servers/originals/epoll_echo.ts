/**
 * The loop of `user-echo-server.c`, function by function, in TypeScript: a listener and its clients
 * in one epoll instance. Each fault of the C source can be switched off here.
 */
import { Errno } from "../../system/linux/errno.ts";
import { SystemError } from "../../system/linux/libc.ts";
import { type Pointer, pointerOf } from "../../system/linux/memory.ts";
import { EpollPoller } from "../../system/linux/pollers/epoll.ts";
import { Interest } from "../../system/linux/pollers/poller.ts";
import { accept, close, listenTcp, recv, send } from "../../system/linux/socket.ts";
import { Count, type Fault, type OriginalOptions } from "./original.ts";

/** A call failed, and the process is to end: `server_err` of the C source. */
export class CallFailed extends Error {
  constructor(what: string, readonly errno: number) {
    super(what);
  }
}

/** The part of an answer that the socket has not taken yet. */
interface Rest {
  bytes: Uint8Array<ArrayBuffer>;
  from: Pointer;
}

/** An echo server that blocks its thread. */
export class EpollEcho {
  readonly port: number;
  readonly #listener: number;
  readonly #poller: EpollPoller;
  readonly #buffer: Uint8Array<ArrayBuffer>;
  readonly #pointer: Pointer;
  readonly #faults: ReadonlySet<Fault>;
  readonly #counts: Float64Array;
  /** Answers that wait for room, by descriptor. */
  readonly #rests = new Map<number, Rest>();

  /** @throws {SystemError} when it cannot listen */
  constructor(options: OriginalOptions, counts: Float64Array) {
    const { hostname, port, backlog, bufferBytes, trigger, faults } = options;
    ({ fd: this.#listener, port: this.port } = listenTcp({ hostname, port, backlog }));
    this.#poller = new EpollPoller({ trigger });
    this.#buffer = new Uint8Array(bufferBytes);
    this.#pointer = pointerOf(this.#buffer);
    this.#faults = new Set(faults);
    this.#counts = counts;
    this.#watch(this.#listener);
  }

  /** Serves. @throws {CallFailed} with the fault `die-on-error`, or when it cannot go on */
  run(): never {
    const poller = this.#poller;
    for (;;) {
      ++this.#counts[Count.Waits];
      ++this.#counts[Count.Calls];
      const ready = poller.wait(-1);
      if (ready < 0) throw new CallFailed("Fail to wait epoll", -ready);
      this.#counts[Count.Events] += ready;
      for (let i = 0; i < ready; ++i) {
        const fd = poller.fd(i);
        if (fd === this.#listener) this.#accept();
        else if (this.#rests.has(fd)) this.#sendRest(fd);
        else this.#handleMessages(fd);
      }
    }
  }

  /** `while ((client = accept(...)) > 0)`, or one accept with the fault `accept-once`. */
  #accept(): void {
    do {
      ++this.#counts[Count.Calls];
      const fd = accept(this.#listener);
      if (fd === -Errno.EAGAIN) return;
      if (fd === -Errno.ECONNABORTED) continue;
      if (fd < 0) throw new CallFailed("Fail to accept", -fd);
      ++this.#counts[Count.Connections];
      ++this.#counts[Count.Open];
      this.#watch(fd);
    } while (!this.#faults.has("accept-once"));
  }

  /** `handle_message_from_client`: once with the fault `receive-once`, else until EAGAIN. */
  #handleMessages(fd: number): void {
    do {
      this.#buffer.fill(0);
      ++this.#counts[Count.Calls];
      const count = recv(fd, this.#pointer, this.#buffer.length, 0);
      if (count === -Errno.EAGAIN) return;
      if (count < 0) return this.#failed(fd, "Fail to receive", -count);
      if (count === 0) return this.#close(fd);
      this.#counts[Count.BytesIn] += count;
      if (!this.#answer(fd, count)) return;
    } while (!this.#faults.has("receive-once"));
  }

  /** Sends the buffer, which holds a message of `count` bytes. @returns whether to receive again */
  #answer(fd: number, count: number): boolean {
    ++this.#counts[Count.Calls];
    ++this.#counts[Count.Served];
    const length = this.#answerLength(count);
    const sent = send(fd, this.#pointer, length, 0);
    // The C source takes every result but an error for success; a full socket buffer (EAGAIN) is an
    // error, too.
    if (this.#faults.has("pad")) {
      if (sent < 0) this.#failed(fd, "Fail to send", -sent);
      this.#counts[Count.BytesOut] += Math.max(0, sent);
      return sent >= 0;
    }
    if (sent < 0 && sent !== -Errno.EAGAIN) {
      this.#failed(fd, "Fail to send", -sent);
      return false;
    }
    this.#counts[Count.BytesOut] += Math.max(0, sent);
    if (sent === length) return true;
    const bytes = this.#buffer.slice(Math.max(0, sent), length);
    this.#rests.set(fd, { bytes, from: pointerOf(bytes) });
    this.#change(fd, Interest.Write);
    return false;
  }

  #answerLength(count: number): number {
    if (this.#faults.has("pad")) return this.#buffer.length;
    if (!this.#faults.has("strlen")) return count;
    const nul = this.#buffer.subarray(0, count).indexOf(0);
    return nul < 0 ? count : nul;
  }

  /** Sends the rest of a waiting answer, as there is room again. */
  #sendRest(fd: number): void {
    const { bytes, from } = this.#rests.get(fd)!;
    ++this.#counts[Count.Calls];
    const sent = send(fd, from, bytes.length, 0);
    if (sent === -Errno.EAGAIN) return;
    if (sent < 0) return this.#failed(fd, "Fail to send", -sent);
    this.#counts[Count.BytesOut] += sent;
    if (sent < bytes.length) {
      const rest = bytes.slice(sent);
      this.#rests.set(fd, { bytes: rest, from: pointerOf(rest) });
      return;
    }
    this.#rests.delete(fd);
    // Changing the interest reports input that waits already as a new edge.
    this.#change(fd, Interest.Read);
  }

  #failed(fd: number, what: string, errno: number): void {
    if (this.#faults.has("die-on-error")) throw new CallFailed(what, errno);
    this.#close(fd);
  }

  #close(fd: number): void {
    ++this.#counts[Count.Calls];
    --this.#counts[Count.Open];
    this.#rests.delete(fd);
    // Closing the descriptor also removes it from the epoll instance.
    close(fd);
  }

  #watch(fd: number): void {
    ++this.#counts[Count.Calls];
    const result = this.#poller.add(fd, Interest.Read);
    if (result < 0) throw new SystemError("epoll_ctl", -result);
  }

  #change(fd: number, interest: number): void {
    ++this.#counts[Count.Calls];
    const result = this.#poller.change(fd, interest);
    if (result < 0) throw new SystemError("epoll_ctl", -result);
  }
}
