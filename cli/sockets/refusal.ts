/** Why the kernel refuses to drop sockets, and what to do about it. */
import type { SystemError } from "../../system/linux/libc.ts";

/** Explains the refusal of `refused` sockets. */
export function explainRefusal(error: SystemError, refused: number): string {
  const what = `the kernel refused to drop ${refused} ${refused === 1 ? "socket" : "sockets"}`;
  if (error.code === "EPERM") return `${what} without CAP_NET_ADMIN (EPERM); ${advice()}`;
  if (error.code === "ENOTSUP") {
    return `${what} (EOPNOTSUPP): it was built without CONFIG_INET_DIAG_DESTROY; use a kernel ` +
      "that has it, or wait: TIME-WAIT ends after 60 s";
  }
  return `${what}: ${error.message}`;
}

/** Says that this process could drop nothing, even where there was nothing to drop. */
export function explainMissingCapability(): string {
  return `dropping needs CAP_NET_ADMIN, which this process does not have; ${advice()}`;
}

/** This command line again, as root. */
function advice(): string {
  const hasPairsOnStdin = !Deno.args.some((word) => /^(-[sp]|--state|--port)|:/.test(word));
  return `run: ${hasPairsOnStdin ? "… | " : ""}sudo ktcp ${Deno.args.map(quote).join(" ")}`;
}

/** `word` as a POSIX shell reads it back. */
function quote(word: string): string {
  return /^[\w:,.=/-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
