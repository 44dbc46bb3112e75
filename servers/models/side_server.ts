/**
 * A small HTTP server beside the main one, of model `single`, on the thread that owns it. It uses
 * the same HTTP service, so it is as strict with its peers. It is not part of the main server's
 * counters.
 */
import { DEFAULT_LIMITS } from "../../core/mod.ts";
import { HttpService } from "../http/http_service.ts";
import type { Resource } from "../http/resource.ts";
import { ConnectionLimit } from "../net/connection_limit.ts";
import { stderr } from "../../system/stderr.ts";
import { type SideAddress, withDefaults } from "./options.ts";
import { createServerCore, startThreadServer } from "./thread_server.ts";

/** A running side server. */
export interface SideServer {
  /** `127.0.0.1:9090` */
  readonly address: string;
  /** Stops it at once. */
  stop(): Promise<void>;
}

/** The side server cannot listen; the system's error is the `cause`. */
export class SideServerError extends Error {
  /**
   * The message names the option before the system's error.
   *
   * @param option the option that asks for it, such as `--metrics`
   * @param at where the server was to listen
   */
  constructor(readonly option: string, readonly at: SideAddress, cause: unknown) {
    super(`${option}: ${cause}`, { cause });
  }
}

/** How a side server is started. */
export interface SideServerOptions {
  /** The option that asks for it, such as `--metrics`. */
  option: string;
  /** Where it listens. */
  at: SideAddress;
  /** Most open connections. */
  maxConnections: number;
  /** Most bytes of a request's content; default: that of every server. */
  maxContentBytes?: number;
}

/**
 * Starts to listen.
 *
 * @throws {SideServerError} when the address cannot be bound
 */
export function serveBeside(
  resource: Resource,
  { option, at, maxConnections, maxContentBytes = DEFAULT_LIMITS.maxBody }: SideServerOptions,
): SideServer {
  const { hostname, port } = at;
  const options = withDefaults({
    listen: { hostname, port },
    service: {
      kind: "http",
      content: "hello",
      limits: { ...DEFAULT_LIMITS, maxBody: maxContentBytes },
    },
    maxConnections,
  });
  const core = createServerCore(options, 0);
  const print = (lines: string) => stderr.log(lines);
  try {
    const { engine, acceptor } = startThreadServer(options, {
      core,
      service: new HttpService(core, resource, { print }),
      limit: ConnectionLimit.alone(maxConnections),
      print,
    });
    return { address: engine.address, stop: async () => void await acceptor.stop(0) };
  } catch (error) {
    throw new SideServerError(option, at, error);
  }
}
