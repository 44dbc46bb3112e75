/** Which echo server `ktcp bench` measures: the one that is named, one on the default port, its own. */
import { messageOf } from "../../system/message_of.ts";
import { resolve } from "node:path";
import { Failure, UsageError } from "../shared/failure.ts";
import { DEFAULT_HOST, DEFAULT_PORT } from "../shared/options.ts";
import { type Address, formatAddress, LOOPBACK } from "../../system/address.ts";
import { acceptingAddresses, tryConnecting } from "../../system/happy_eyeballs.ts";
import { readHost } from "../../system/host.ts";
import { type LookUp, resolveHost } from "../../system/resolve.ts";

/** The options that name a server. */
export interface TargetOptions {
  host?: string;
  port?: number;
  unix?: string;
  /** How long trying the addresses of a name may take, in milliseconds. */
  timeout?: number;
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

/** How a server is found, apart from the options. */
export interface Finding {
  /** Starts a server when no server listens at `address`. */
  startOwn(): Promise<OwnServer>;
  /** Where to look first; default: where `ktcp echo` listens. */
  address?: { hostname: string; port: number };
  /** Looks names up; default: as the system does. */
  lookUp?: LookUp;
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
  finding: Finding,
): Promise<BenchServer> {
  const { host, port, unix } = options;
  if (unix !== undefined) {
    if (host !== undefined || port !== undefined) {
      throw new UsageError(`--unix '${unix}' excludes --host and --port; name one server`);
    }
    // Permissions for Unix sockets are granted by absolute path.
    return named({ path: resolve(unix) });
  }
  if (port === 0) throw new UsageError("--port '0' is not a server's port; write 1 to 65535");
  if (host !== undefined || port !== undefined) {
    return named(
      await addressOf(host ?? DEFAULT_HOST, port ?? DEFAULT_PORT.echo, {
        timeoutMs: options.timeout ?? 0,
        lookUp: finding.lookUp,
      }),
    );
  }
  const address = finding.address ?? { hostname: DEFAULT_HOST, port: DEFAULT_PORT.echo };
  if (await isListening(address)) return named(address);
  const own = await finding.startOwn();
  return {
    target: { hostname: own.hostname, port: own.port },
    selfStarted: true,
    stop: () => own.stop(),
  };
}

/** The command that starts an echo server at `target`. */
export function startCommand(target: Address): string {
  if ("path" in target) return `ktcp echo --unix ${target.path}`;
  const { hostname, port } = target;
  return `ktcp echo ${hostname === LOOPBACK ? "" : `--host ${hostname} `}--port ${port}`;
}

function named(target: Address): BenchServer {
  return { target, selfStarted: false, stop: () => Promise.resolve() };
}

/**
 * Looks `host` up once, so that no connect has to. Of several addresses the first that accepts is
 * taken: a run measures one server.
 */
async function addressOf(
  host: string,
  port: number,
  { timeoutMs, lookUp }: { timeoutMs: number; lookUp?: LookUp },
): Promise<{ hostname: string; port: number }> {
  if (/^\d+$/.test(host)) {
    throw new UsageError(`--host '${host}' is only a number; write --port ${host} for a port`);
  }
  let parsed;
  try {
    parsed = readHost(host);
  } catch (error) {
    throw new UsageError(`--host: ${messageOf(error)}`);
  }
  try {
    const addresses = await resolveHost(parsed, { lookUp, where: " of --host" });
    const [accepting] = addresses.length === 1 ? [] : await acceptingAddresses(addresses, {
      connect: tryConnecting(port),
      timeoutMs,
      isFirstEnough: true,
    });
    return { hostname: accepting ?? addresses[0], port };
  } catch (error) {
    throw new Failure(messageOf(error));
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
