/**
 * Detects a load without a server: until a connection has succeeded, each thread watches its first
 * attempts.
 */
import { formatAddress } from "../../system/address.ts";
import { isRefusal, reasonOf } from "./error_kind.ts";
import type { Endpoint } from "./target.ts";

/** The error when no thread of a load has reached a server. */
export class NobodyListens extends Error {
  override name = "NobodyListens";
}

/** The first connection attempts of one thread. */
export class FirstConnects {
  #untried: number;
  readonly #onNone: (message: string) => void;

  /**
   * @param endpoints how many addresses the load goes to, of all servers
   * @param onNone called once, when this many attempts have failed and none has succeeded
   */
  constructor(endpoints: number, onNone: (message: string) => void) {
    this.#untried = endpoints;
    this.#onNone = onNone;
  }

  /** A connection has succeeded: further failures are part of the measurement. */
  succeeded(): void {
    this.#untried = Infinity;
  }

  /** An attempt to connect to `endpoint` failed because of `error`. */
  failed(endpoint: Endpoint, error: Error): void {
    if (--this.#untried === 0) this.#onNone(messageFor(endpoint, error));
  }
}

/** The message about the failure, with what to do. */
function messageFor(endpoint: Endpoint, error: Error): string {
  const address = formatAddress(endpoint);
  if (!isRefusal(error)) return `Cannot connect to ${address}: ${reasonOf(error)}`;
  const command = "hostname" in endpoint && /^(127\.|::1$)/.test(endpoint.hostname)
    ? `start a server there, such as 'ktcp http --port ${endpoint.port}'`
    : "start a server there, or check the address";
  return `Nobody listens on ${address}; ${command}`;
}
