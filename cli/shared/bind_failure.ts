/** Explains to a person why a server cannot listen. */
import { messageOf } from "../../system/message_of.ts";
import { SideServerError } from "../../servers/mod.ts";
import { Failure } from "./failure.ts";
import { formatHostPort } from "../../system/address.ts";

/** Where a server was to listen: TCP, or the Unix domain socket when `unix` is given. */
export interface BindTarget {
  host: string;
  port: number;
  unix?: string;
  /** The option that names the address; default: `--host` and `--port`. */
  option?: string;
}

function isSocketFile(path: string): boolean {
  try {
    return Deno.lstatSync(path).isSocket === true;
  } catch {
    return true;
  }
}

/** What `error` means for a Unix domain socket at `path`, and what helps. */
function unixReason(error: unknown, path: string): string | undefined {
  if (error instanceof Deno.errors.AddrInUse) {
    return isSocketFile(path)
      ? "a server listens there; stop it or choose another --unix path"
      : "a file is there that is not a socket; choose another --unix path";
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return "permission denied; choose a directory you can write to";
  }
  if (error instanceof Deno.errors.NotFound) {
    return "there is no such directory; create it or choose another --unix path";
  }
  if (/SUN_LEN/.test(messageOf(error))) return "the path is too long; at most 107 bytes";
}

/** What `error` means for a TCP port, and what helps. */
function tcpReason(error: unknown, { host, port, option }: BindTarget): string | undefined {
  const portOption = option ?? "--port";
  if (error instanceof Deno.errors.AddrInUse) {
    return `the address is in use; stop its server or choose another ${portOption}, or ${portOption} 0`;
  }
  if (error instanceof Deno.errors.PermissionDenied && port < 1024) {
    return `permission denied; ports below 1024 need privileges; choose a ${portOption} from 1024 on`;
  }
  if (error instanceof Deno.errors.AddrNotAvailable) {
    return "no such address on this machine; see 'ip address'";
  }
  if (/lookup address|invalid host/.test(messageOf(error))) {
    return `no host is named '${host}'; choose a ${
      option ?? "--host"
    } like 127.0.0.1, ::1 or localhost`;
  }
}

/** Says what could not be bound, why, and what helps. */
export function bindFailure(error: unknown, target: BindTarget): Failure {
  if (error instanceof SideServerError) {
    const { option, at: { hostname, port } } = error;
    return bindFailure(error.cause, { host: hostname, port, option });
  }
  const reason = target.unix === undefined
    ? tcpReason(error, target)
    : unixReason(error, target.unix);
  const name = target.unix ?? formatHostPort(target.host, target.port);
  return new Failure(`cannot listen on ${name}: ${reason ?? messageOf(error)}`);
}
