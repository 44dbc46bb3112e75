/**
 * Whether there is anybody to load: as long as no connection came about, a thread watches what
 * becomes of its first attempts.
 */
import { formatAddress } from "../../system/address.ts";
import { isRefusal, reasonOf } from "./error_kind.ts";
import type { Endpoint } from "./target.ts";

/** No thread of a load found a server. */
export class NobodyListens extends Error {
  override name = "NobodyListens";
}

/** The first connection attempts of one thread. */
export class FirstConnects {
  #untried: number;
  readonly #onNone: (message: string) => void;

  /**
   * @param endpoints how many addresses the load goes to, of all servers
   * @param onNone is called once, when as many attempts failed and none succeeded
   */
  constructor(endpoints: number, onNone: (message: string) => void) {
    this.#untried = endpoints;
    this.#onNone = onNone;
  }

  /** A connection came about: failures from now on are part of what is measured. */
  succeeded(): void {
    this.#untried = Infinity;
  }

  /** An attempt to connect to `endpoint` failed because of `error`. */
  failed(endpoint: Endpoint, error: Error): void {
    if (--this.#untried === 0) this.#onNone(messageFor(endpoint, error));
  }
}

/** What to tell people about the failure, and what to do. */
function messageFor(endpoint: Endpoint, error: Error): string {
  const address = formatAddress(endpoint);
  if (!isRefusal(error)) return `Cannot connect to ${address}: ${reasonOf(error)}`;
  const command = "hostname" in endpoint && /^(127\.|::1$)/.test(endpoint.hostname)
    ? `start a server there, such as 'ktcp http --port ${endpoint.port}'`
    : "start a server there, or check the address";
  return `Nobody listens on ${address}; ${command}`;
}
