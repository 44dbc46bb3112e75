/**
 * Least authority: what a Worker may do, and what the main thread gives up.
 */
import { resolve } from "node:path";
import { formatAddress } from "../engine.ts";
import type { ServerOptions } from "../options.ts";

/** Paths that a server's job is to read. */
function readPaths(options: ServerOptions): string[] {
  const { service, listen } = options;
  const paths: string[] = [];
  if (service.kind === "http" && service.directory !== undefined) {
    paths.push(service.directory.root);
  }
  if (listen.path !== undefined) paths.push(listen.path);
  return paths;
}

/**
 * Permissions of a Worker that listens: its address, the served directory, and the path of its
 * Unix domain socket; nothing else. While the port is not chosen, any port of the host.
 */
export function workerPermissions(options: ServerOptions): Deno.PermissionOptionsObject {
  const { hostname, port, path } = options.listen;
  const read = readPaths(options);
  return {
    net: path !== undefined
      ? [`unix:${resolve(path)}`]
      : [port === 0 ? formatHost(hostname) : formatAddress(hostname, port)],
    read: read.length === 0 ? false : read,
    write: path === undefined ? false : [path],
    run: false,
    ffi: false,
    env: false,
    sys: false,
    import: false,
  };
}

/** Permissions of a Worker that has no socket: the served directory, if there is one. */
export function poolPermissions(options: ServerOptions): Deno.PermissionOptionsObject {
  return { ...workerPermissions(options), net: false, write: false };
}

function formatHost(hostname: string): string {
  return hostname.includes(":") ? `[${hostname}]` : hostname;
}

/**
 * Gives up what no server needs. Reading and the network stay, for they are handed on to Workers
 * that are created later; so does writing while a socket file has to be removed at the end.
 */
export function dropPermissions(options: ServerOptions): void {
  const names: Deno.PermissionName[] = ["run", "ffi", "env", "sys"];
  if (options.listen.path === undefined) names.push("write");
  for (const name of names) Deno.permissions.revokeSync({ name } as Deno.PermissionDescriptor);
}
