/**
 * A small HTTP server beside the main one, of model `single`, on the thread that owns it: with the same
 * HTTP service, so it is as strict with its peers. What it does is in no count.
 */
import { DEFAULT_LIMITS } from "../../core/mod.ts";
import { HttpService } from "../http/http_service.ts";
import type { Resource } from "../http/resource.ts";
import { ConnectionLimit } from "../net/connection_limit.ts";
import { stderr } from "../../system/stderr.ts";
import { type SideAddress, withDefaults } from "./options.ts";
import { createServerCore, startThreadServer } from "./thread_server.ts";

/** A side server that runs. */
export interface SideServer {
  /** `127.0.0.1:9090` */
  readonly address: string;
  /** Ends it at once. */
  stop(): Promise<void>;
}

/** It cannot listen; the system's error is the `cause`. */
export class SideServerError extends Error {
  /**
   * Names the option beside the system's error.
   *
   * @param option the option that asks for it, such as `--metrics`
   * @param at where it was to listen
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
  /** Open connections at the most. */
  maxConnections: number;
  /** The longest content of a request; default: that of every server. */
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
