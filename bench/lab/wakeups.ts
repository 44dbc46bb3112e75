/** Counts how many of the threads that wait for an event it wakes. Linux, with FFI. */
import { createEventFd, signalEventFd } from "../../system/linux/eventfd.ts";
import { SystemError } from "../../system/linux/libc.ts";
import { EpollPoller } from "../../system/linux/pollers/epoll.ts";
import { Interest } from "../../system/linux/pollers/poller.ts";
import { close } from "../../system/linux/socket.ts";
import { sleep } from "../../system/wait.ts";
import type { WakeupTask } from "./wakeup_worker.ts";

/** A way in which threads wait for one descriptor. */
export interface WaitWay {
  /** One epoll instance for all threads, or one for each. */
  instances: "one" | "each";
  trigger: "level" | "edge";
  oneShot?: boolean;
  isExclusive?: boolean;
}

/** Time for a thread to begin its wait after it has announced it, in ms; far more than it takes. */
const SETTLE_MS = 30;

/** How long after the event a thread may be woken by it, in ms. */
const WAKE_MS = 50;

/** How long a thread waits at most, in ms; normally the `end` event ends the wait. */
const WAIT_MS = 10_000;

/** Threads that wait for events. */
export class WaitingThreads {
  readonly #workers: Worker[];

  constructor(readonly count: number) {
    this.#workers = Array.from(
      { length: count },
      () =>
        new Worker(new URL("./wakeup_worker.ts", import.meta.url), {
          type: "module",
          name: "ktcp lab",
          deno: { permissions: { ffi: true } },
        }),
    );
  }

  /**
   * Lets all threads wait for a descriptor, makes it readable once, and leaves it readable.
   *
   * @returns how many came back from epoll_wait(2) with it
   * @throws {SystemError} when there are no descriptors
   */
  async wake(way: WaitWay): Promise<number> {
    const { instances, ...options } = way;
    const event = createEventFd();
    const end = createEventFd();
    signalEventFd(end);
    const pollers = Array.from(
      { length: instances === "one" ? 1 : this.count },
      () => new EpollPoller(options),
    );
    const waiting = new SharedArrayBuffer(4);
    const counter = new Int32Array(waiting);
    try {
      for (const poller of pollers) watch(poller, event);
      const results = this.#workers.map((worker, i) =>
        answerOf(worker, {
          instance: pollers[i % pollers.length].instance,
          timeoutMs: WAIT_MS,
          waiting,
        })
      );
      while (Atomics.load(counter, 0) < this.count) await sleep(1);
      await sleep(SETTLE_MS);
      signalEventFd(event);
      await sleep(WAKE_MS);
      // Level-triggered, so that all the other threads return.
      for (const { instance } of pollers) {
        watch(new EpollPoller({ trigger: "level", instance }), end);
      }
      return (await Promise.all(results)).filter((ready) => ready.includes(event)).length;
    } finally {
      for (const poller of pollers) poller.close();
      close(event);
      close(end);
    }
  }

  /** Ends the threads; none may be waiting. */
  end(): void {
    for (const worker of this.#workers) worker.terminate();
  }
}

function watch(poller: EpollPoller, fd: number): void {
  const result = poller.add(fd, Interest.Read);
  if (result < 0) throw new SystemError("epoll_ctl", -result);
}

function answerOf(worker: Worker, task: WakeupTask): Promise<number[]> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<number[]>) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    };
    worker.postMessage(task);
  });
}
