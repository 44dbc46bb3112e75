/** Worker entry: a thread that waits at an epoll instance, and reports what has woken it. */
import { EpollPoller } from "../../system/linux/pollers/epoll.ts";

/** A wait. */
export interface WakeupTask {
  /** The descriptor of the epoll instance. */
  instance: number;
  /** The longest wait, in ms; normally an event ends it. */
  timeoutMs: number;
  /** One word, which counts the threads that are about to wait. */
  waiting: SharedArrayBuffer;
}

const worker = self as unknown as Worker;

/** Answers with the descriptors that are ready. */
worker.onmessage = ({ data }: MessageEvent<WakeupTask>) => {
  const { instance, timeoutMs, waiting } = data;
  const poller = new EpollPoller({ trigger: "level", instance });
  Atomics.add(new Int32Array(waiting), 0, 1);
  const count = poller.wait(timeoutMs);
  worker.postMessage(Array.from({ length: Math.max(0, count) }, (_, i) => poller.fd(i)));
};
