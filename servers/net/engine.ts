/** An engine: where connections come from. It knows sockets and no protocol. */
import type { Core } from "../../core/mod.ts";
import type { Connection } from "./connection.ts";
import type { ConnectionLimit } from "./connection_limit.ts";
import type { Driver } from "./driver.ts";

/** What an engine needs of the server whose connections it accepts. */
export interface EngineHost {
  readonly core: Core;
  readonly limit: ConnectionLimit;
  /**
   * A connection over `driver`, with a block of its own.
   *
   * @param peer its address without port
   * @returns undefined when there is no block: the socket is to be closed
   */
  open(driver: Driver, peer: string): Connection | undefined;
  /** Counts a socket that was accepted and is closed at once: the engine cannot watch it. */
  refused(): void;
}

/** A listening socket, and the sockets that it accepts. */
export interface Engine {
  /** `127.0.0.1:8081`, `[::1]:8081` or `unix:/path`. */
  readonly address: string;
  /** The port that was bound, 0 for a Unix domain socket. */
  readonly port: number;
  /** Resolves when accepting has ended; rejects when it cannot go on. */
  readonly done: Promise<void>;
  /** Begins to accept. */
  start(host: EngineHost): void;
  /** A connection has ended: there is room for another one. */
  wake(): void;
  /** Closes the listening socket. Connections go on. */
  stop(): void;
}
