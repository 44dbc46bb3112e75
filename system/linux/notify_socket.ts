/** The socket by which a process reports its state to a service manager: sd_notify(3). */
import { sleep } from "../wait.ts";
import { Errno } from "./errno.ts";
import { libc, SystemError } from "./libc.ts";
import { close, connectDatagrams, MSG_DONTWAIT, sendBytes } from "./socket.ts";

const CLOCK_MONOTONIC = 1;

/** Delay before sending is retried, in ms, if the manager has not read earlier messages. */
const RETRY_MS = 20;

/** µs of CLOCK_MONOTONIC, which a manager compares with its own. */
export function monotonicUs(): bigint {
  const time = new BigInt64Array(2);
  libc().calls.clock_gettime(CLOCK_MONOTONIC, new Uint8Array(time.buffer));
  return time[0] * 1_000_000n + time[1] / 1000n;
}

/** A connected socket. It works after the permission for FFI was given up. */
export class NotifySocket implements Disposable {
  readonly #fd: number;
  #sent: Promise<void> = Promise.resolve();
  #waiting = 0;

  /**
   * @param path a path in the file system, or `@` and an abstract name
   * @throws {SystemError} ENOENT, ECONNREFUSED and others
   * @throws {TypeError} when the path is too long
   */
  constructor(path: string) {
    this.#fd = connectDatagrams(path);
  }

  /** Whether all messages have been sent. */
  get isIdle(): boolean {
    return this.#waiting === 0;
  }

  /**
   * Sends assignments (`READY=1`) as one message, after earlier ones.
   *
   * @returns a promise that resolves when it is sent
   * @throws {SystemError} when the manager is gone
   */
  send(...assignments: string[]): Promise<void> {
    const bytes = new TextEncoder().encode(assignments.join("\n"));
    ++this.#waiting;
    const sent = this.#sent.then(() => this.#deliver(bytes)).finally(() => --this.#waiting);
    this.#sent = sent.catch(() => {});
    return sent;
  }

  async #deliver(bytes: Uint8Array): Promise<void> {
    for (;;) {
      const result = sendBytes(this.#fd, bytes, MSG_DONTWAIT);
      if (result >= 0) return;
      if (result !== -Errno.EAGAIN && result !== -Errno.EINTR) {
        throw new SystemError("send", -result);
      }
      await sleep(RETRY_MS);
    }
  }

  [Symbol.dispose](): void {
    close(this.#fd);
  }
}
