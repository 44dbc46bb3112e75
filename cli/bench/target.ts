/** Which echo server `ktcp bench` measures: the one that is named, one on the default port, its own. */
import { lookup } from "node:dns/promises";
import { resolve } from "node:path";
import { Failure, messageOf, UsageError } from "../shared/failure.ts";
import { DEFAULT_HOST, DEFAULT_PORT } from "../shared/options.ts";
import { type Address, formatAddress } from "../../system/address.ts";

/** The options that name a server. */
export interface TargetOptions {
  host?: string;
  port?: number;
  unix?: string;
}

/** An echo server of ktcp's own. */
export interface OwnServer {
  hostname: string;
  port: number;
  stop(): Promise<void>;
}

/** The server to measure. */
export interface BenchServer {
  target: Address;
  /** Whether it was started for this run. */
  selfStarted: boolean;
  stop(): Promise<void>;
}

/** How a server is found when none is named. */
export interface Fallback {
  /** Starts a server when no server listens at `address`. */
  startOwn(): Promise<OwnServer>;
  /** Where to look first; default: where `ktcp echo` listens. */
  address?: { hostname: string; port: number };
}

/**
 * Finds the server that `options` name. When they name none and no server listens on the default port,
 * starts one.
 *
 * @throws {UsageError} for options that exclude each other
 * @throws {Failure} when a host name has no address
 */
export async function findServer(
  options: TargetOptions,
  fallback: Fallback,
): Promise<BenchServer> {
  const { host, port, unix } = options;
  if (unix !== undefined) {
    if (host !== undefined || port !== undefined) {
      throw new UsageError(`--unix '${unix}' excludes --host and --port; name one server`);
    }
    // Permissions for Unix sockets are granted by absolute path.
    return named({ path: resolve(unix) });
  }
  if (port === 0) throw new UsageError("--port '0' is no server's port; write 1 to 65535");
  if (host !== undefined || port !== undefined) {
    const hostname = await addressOf(host ?? DEFAULT_HOST);
    return named({ hostname, port: port ?? DEFAULT_PORT.echo });
  }
  const address = fallback.address ?? { hostname: DEFAULT_HOST, port: DEFAULT_PORT.echo };
  if (await isListening(address)) return named(address);
  const own = await fallback.startOwn();
  return {
    target: { hostname: own.hostname, port: own.port },
    selfStarted: true,
    stop: () => own.stop(),
  };
}

/** Whether the server at `target` runs on this machine. */
export function isLocal(target: Address): boolean {
  return "path" in target || target.hostname === "::1" || target.hostname.startsWith("127.");
}

function named(target: Address): BenchServer {
  return { target, selfStarted: false, stop: () => Promise.resolve() };
}

/** Looks `host` up once, so that no connect has to. */
async function addressOf(host: string): Promise<string> {
  try {
    return (await lookup(host.replace(/^\[(.*)\]$/, "$1"))).address;
  } catch (error) {
    throw new Failure(`Cannot find the address of --host '${host}': ${messageOf(error)}`);
  }
}

async function isListening(target: { hostname: string; port: number }): Promise<boolean> {
  try {
    (await Deno.connect(target)).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    throw new Failure(`Cannot connect to ${formatAddress(target)}: ${messageOf(error)}`);
  }
}
