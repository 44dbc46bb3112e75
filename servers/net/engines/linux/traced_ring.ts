/** An io_uring whose submissions and completions are recorded, for traces. */
import { errnoName } from "../../../../system/linux/errno.ts";
import { IoUring, type IoUringOptions } from "../../../../system/linux/io_uring/io_uring.ts";
import { CompletionFlag } from "../../../../system/linux/io_uring/structs.ts";
import type { Tracer } from "../../trace/tracer.ts";
import { Kind, KIND_SHIFT } from "./uring_driver.ts";

/** Names of completions, by `Kind`; kinds left out do not belong to a connection. */
const COMPLETIONS: Partial<Record<Kind, string>> = {
  [Kind.Receive]: "recv done",
  [Kind.Send]: "send done",
  [Kind.Cancel]: "cancel done",
  [Kind.Room]: "poll done",
  [Kind.Accept]: "accept done",
};

/** A ring whose thread is traced. */
export class TracedRing extends IoUring {
  readonly #tracer: Tracer;

  constructor(options: IoUringOptions, tracer: Tracer) {
    super(options);
    this.#tracer = tracer;
  }

  override recvMultishot(fd: number, group: number, low: number, high: number): number {
    this.#asked(fd, "recv", "multishot, into a buffer that the kernel chooses");
    return super.recvMultishot(fd, group, low, high);
  }

  override recv(
    fd: number,
    offset: number,
    capacity: number,
    low: number,
    high: number,
    waitsFirst = false,
  ): number {
    this.#asked(fd, "recv", `${capacity} bytes into the block`);
    return super.recv(fd, offset, capacity, low, high, waitsFirst);
  }

  override send(
    fd: number,
    offset: number,
    count: number,
    low: number,
    high: number,
    flags = 0,
    isSilent = false,
  ): number {
    this.#asked(fd, "send", `${count} bytes${flags === 0 ? "" : ", MSG_DONTWAIT"}`);
    return super.send(fd, offset, count, low, high, flags, isSilent);
  }

  override cancel(userLow: number, userHigh: number, low: number, high: number): number {
    // The lower word names the socket.
    this.#asked(userLow, "cancel", "recv");
    return super.cancel(userLow, userHigh, low, high);
  }

  override pollWritable(fd: number, low: number, high: number): number {
    this.#asked(fd, "poll", "until there is room");
    return super.pollWritable(fd, low, high);
  }

  override enter(count: number, timeoutMs: number, minWaitUs = 0): number {
    const ready = super.enter(count, timeoutMs, minWaitUs);
    for (let i = 0; i < ready; ++i) this.#done(i);
    return ready;
  }

  #asked(fd: number, operation: string, detail: string): void {
    const nowMs = performance.now();
    const name = `ask: ${operation}`;
    this.#tracer.called({ kind: "operation", name, detail, fd, startMs: nowMs, endMs: nowMs });
  }

  #done(i: number): void {
    const kind: Kind = this.userHigh(i) >>> KIND_SHIFT;
    const name = COMPLETIONS[kind];
    if (name === undefined) return;
    const result = this.result(i);
    const nowMs = performance.now();
    this.#tracer.called({
      kind: "operation",
      name,
      value: Math.max(-1, result),
      ...(result < 0 && { error: errnoName(-result) }),
      ...((this.flags(i) & CompletionFlag.More) !== 0 && { detail: "more will follow" }),
      fd: kind === Kind.Accept ? result : this.userLow(i),
      startMs: nowMs,
      endMs: nowMs,
    });
  }
}
