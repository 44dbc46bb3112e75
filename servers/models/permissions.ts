/**
 * Least authority: the permissions of Workers, and those that the main thread gives up.
 */
import { formatHostPort } from "../../system/address.ts";
import { loadAllCalls } from "../../system/linux/libc.ts";
import { absolutePath } from "../../system/path.ts";
import { unixFiles, unixNames } from "../net/unix_path.ts";
import { blocksThread, DEFAULT_ENGINE } from "../net/engine_options.ts";
import type { PartialServerOptions, ServerOptions } from "./options.ts";

/** Paths that a server has to read. */
function readPaths(options: ServerOptions): string[] {
  const { service, listen } = options;
  const paths: string[] = [];
  if (service.kind === "http" && service.directory !== undefined) {
    paths.push(service.directory.root);
  }
  if (listen.path !== undefined) paths.push(...unixFiles(listen.path));
  return paths;
}

/**
 * Permissions of a Worker that listens: its address, the served directory, and the path of its
 * Unix domain socket; nothing else.
 */
export function workerPermissions(options: ServerOptions): Deno.PermissionOptionsObject {
  const { path } = options.listen;
  const ffi = blocksThread(options.engine);
  const read = readPaths(options);
  return {
    net: netPlaces(options),
    read: read.length === 0 ? false : read,
    write: path === undefined ? false : unixFiles(path),
    run: false,
    ffi,
    env: false,
    sys: false,
    import: false,
  };
}

/** The addresses that it listens on. */
function netPlaces({ listen: { hostname, port, path, passed } }: ServerOptions): string[] | false {
  if (passed !== undefined) return false;
  return path === undefined
    ? [formatHostPort(hostname, port)]
    : unixNames(path).map((name) => `unix:${absolutePath(name)}`);
}

/** Permissions of a Worker that has no socket: the served directory, if there is one. */
export function socketlessPermissions(options: ServerOptions): Deno.PermissionOptionsObject {
  return { ...workerPermissions(options), net: false, write: false, ffi: false };
}

/**
 * Gives up what this thread no longer needs once the server listens.
 *
 * Workers that are created later inherit from this thread's permissions, so a model that creates
 * them keeps reading and the network. What was granted as a whole can only be given up as a whole.
 * So reading also stays where a directory is served, and reading and writing stay where a socket
 * file has to be removed at the end if it is still this server's.
 */
export function dropPermissions(
  { model = "single", service, listen, engine, keeps = [] }: PartialServerOptions,
): void {
  const names: string[] = ["run", "env", "sys", "import"];
  if (!blocksThread({ ...DEFAULT_ENGINE, ...engine })) names.push("ffi");
  loadAllCalls();
  if (listen?.path === undefined) names.push("write");
  if (model === "single" && names.includes("ffi")) {
    names.push("net");
    const isReading = listen?.path !== undefined || service.kind === "http" && service.directory;
    if (!isReading) names.push("read");
  }
  const isKept = (name: string) => keeps.some((kept) => kept === name);
  for (const name of names.filter((name) => !isKept(name))) {
    Deno.permissions.revokeSync({ name } as Deno.PermissionDescriptor);
  }
}
