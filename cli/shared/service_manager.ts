/**
 * Tells a service manager (systemd, with `Type=notify`) the state of a server. Loaded only where there
 * is one.
 */
import { messageOf } from "../../system/message_of.ts";
import { monotonicUs, NotifySocket } from "../../system/linux/notify_socket.ts";
import type { ManagerAddress } from "../../system/service_variables.ts";
import { printNote } from "./output.ts";

/**
 * How often a server that drains asks for more time, in ms. It asks for twice as much, so that some is
 * left when the grace is over.
 */
const EXTEND_MS = 5000;

/** The manager, from the start of a server to its end. Nothing that fails here ends the server. */
export class ServiceManager implements Disposable {
  readonly #socket: NotifySocket;
  readonly #watchdogMs: number | undefined;
  #status = "";
  #interval: ReturnType<typeof setInterval> | undefined;
  #hasFailed = false;

  /** @throws the system's error when it cannot be reached */
  constructor({ notifySocket, watchdogMs }: ManagerAddress) {
    this.#socket = new NotifySocket(notifySocket);
    this.#watchdogMs = watchdogMs;
  }

  /**
   * The server listens.
   *
   * @param status what it does, as a person reads it
   * @param prove resolves when all of the server's threads that have a loop have answered; the
   * manager's watchdog is told only then
   */
  ready(status: string, prove: () => Promise<unknown>): void {
    this.#status = status;
    this.#tell("READY=1", `STATUS=${status}`);
    if (this.#watchdogMs === undefined) return;
    let isProving = false;
    this.#interval = setInterval(async () => {
      if (isProving || !this.#socket.isIdle) return;
      isProving = true;
      try {
        await prove();
        this.#tell("WATCHDOG=1");
      } finally {
        isProving = false;
      }
    }, this.#watchdogMs / 2);
  }

  /** Runs `action`, which reads files again and never throws. */
  async reload(action: () => Promise<void>): Promise<void> {
    this.#tell("RELOADING=1", `MONOTONIC_USEC=${monotonicUs()}`, "STATUS=Reading files again");
    await action();
    this.#tell("READY=1", `STATUS=${this.#status}`);
  }

  /** The server drains, for up to `graceMs`: until then the manager is asked to wait. */
  stopping(graceMs: number): void {
    clearInterval(this.#interval);
    const endMs = performance.now() + graceMs;
    const status = `Draining, for up to ${Math.ceil(graceMs / 1000)} s`;
    const extend = `EXTEND_TIMEOUT_USEC=${2 * EXTEND_MS * 1000}`;
    this.#tell("STOPPING=1", `STATUS=${status}`, extend);
    this.#interval = setInterval(() => {
      if (performance.now() < endMs) this.#tell(extend);
    }, EXTEND_MS);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#interval);
    this.#socket[Symbol.dispose]();
  }

  #tell(...assignments: string[]): void {
    this.#socket.send(...assignments).catch((error) => {
      if (this.#hasFailed) return;
      this.#hasFailed = true;
      printNote(`cannot tell the service manager: ${messageOf(error)}`);
    });
  }
}

/** The manager at `address`; `undefined`, with a note, when it cannot be reached. */
export function reachManager(address: ManagerAddress): ServiceManager | undefined {
  try {
    return new ServiceManager(address);
  } catch (error) {
    printNote(`cannot tell the service manager at NOTIFY_SOCKET: ${messageOf(error)}`);
  }
}
