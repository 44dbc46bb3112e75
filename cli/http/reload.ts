/** What SIGHUP lets `ktcp http` read again: certificate and key, password file, and log file. */
import { messageOf } from "../../system/message_of.ts";
import type { LogFile } from "../../system/log_file.ts";
import type { RunningServer } from "../../servers/mod.ts";
import { readUsers } from "./auth_file.ts";
import { printNote } from "../shared/output.ts";
import { type TlsFlags, tlsOptions } from "./tls.ts";

/** What may be read again, as far as it is in use. */
export interface Reloadable {
  logFile?: LogFile;
  /** Path of the password file. */
  authFile?: string;
  tls?: TlsFlags;
}

/**
 * Reads files again, each by itself: if one cannot be used, this is reported, the old one stays in
 * use, and the others are read all the same. Never throws.
 */
export async function reload(
  server: RunningServer,
  { logFile, authFile, tls }: Reloadable,
): Promise<void> {
  if (logFile !== undefined) {
    await attempt("log file", () => logFile.reopen(), "the old one stays in use");
  }
  if (authFile !== undefined) {
    const load = () => server.setUsers!(readUsers(authFile));
    await attempt("password file", load, "the old one stays in use");
  }
  if (tls === undefined) return;
  await attempt("certificate", async () => {
    const certificate = tlsOptions(tls)!;
    if (server.renew === undefined) {
      throw new Error("changing it without a restart needs FFI on Linux");
    }
    await server.renew(certificate);
  }, "the old one stays in use");
}

async function attempt(
  what: string,
  load: () => void | Promise<void>,
  otherwise: string,
): Promise<void> {
  try {
    await load();
    printNote(`ktcp http: SIGHUP: ${what} read again`);
  } catch (error) {
    printNote(`ktcp http: SIGHUP: ${what} not changed, ${otherwise}: ${messageOf(error)}`);
  }
}
