/** The interface of engines, which accept connections. An engine knows sockets but no protocol. */
import type { Core } from "../../core/mod.ts";
import type { Connection } from "./connection.ts";
import type { ConnectionLimit } from "./connection_limit.ts";
import type { Driver } from "./driver.ts";

/** What an engine needs of the server whose connections it accepts. */
export interface EngineHost {
  readonly core: Core;
  readonly limit: ConnectionLimit;
  /**
   * Opens a connection over `driver`, with a block of its own.
   *
   * @param peer its address without port
   * @returns undefined when there is no free block; the engine must close the socket
   */
  open(driver: Driver, peer: string): Connection | undefined;
  /** Counts a socket that was accepted and closed at once because the engine cannot watch it. */
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
  /** To be called when a connection has ended and there is room for another one. */
  wake(): void;
  /** Closes the listening socket. Open connections continue. */
  stop(): void;
}
