/**
 * Signals that have to be handled before the runtime listens to any.
 *
 * SIGUSR1 must not open the debugger: on this signal, `deno run` (since 2.9.2, with no option to
 * prevent it) listens on 127.0.0.1:9229, where every user of the machine could run code in this
 * process.
 */
import { readProc } from "../proc.ts";
import { libc, LibcError } from "./libc.ts";

/** The number of the signal that opens the debugger: signal(7). */
export const SIGUSR1 = 10;

/**
 * Makes this process ignore SIGUSR1 for good.
 *
 * The runtime installs its handler half a second after the start, and installs the handler of a
 * signal only once, for all listeners. So it is made to install it now, and the handler is then
 * replaced.
 *
 * Does nothing where this is not possible (no FFI, another system).
 */
export function ignoreDebuggerSignal(): void {
  if (Deno.build.os !== "linux") return;
  // Listening to any signal makes the runtime install its handlers for all that it knows.
  isHangupIgnored();
  const listener = () => {};
  try {
    const system = libc();
    Deno.addSignalListener("SIGUSR1", listener);
    system.ignoreSignal(SIGUSR1);
    Deno.removeSignalListener("SIGUSR1", listener);
  } catch (error) {
    if (!(error instanceof LibcError)) throw error;
  }
}

const SIGHUP = 1;

let hangupIgnored: boolean | undefined;

/** Whether this process was started with SIGHUP ignored, as by nohup(1). */
export function isHangupIgnored(): boolean {
  return hangupIgnored ??= isIgnored(SIGHUP);
}

/** Whether process `pid` ignores the signal with this number; false if unknown. */
export function isIgnored(signal: number, pid: number | "self" = "self"): boolean {
  const mask = /^SigIgn:\s+([0-9a-f]+)$/m.exec(readProc(`/proc/${pid}/status`) ?? "")?.[1] ?? "0";
  return (BigInt(`0x${mask}`) >> BigInt(signal - 1) & 1n) === 1n;
}
