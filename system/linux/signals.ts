/**
 * Signals that have to be dealt with before the runtime listens to any.
 *
 * SIGUSR1 must not open the debugger: `deno run` (since 2.9.2, without an option against it) then
 * listens on 127.0.0.1:9229, where every user of the machine could run code in this process.
 */
import { readProc } from "../proc.ts";
import { libc, LibcError } from "./libc.ts";

const SIGUSR1 = 10;

/**
 * Makes this process ignore SIGUSR1 for good.
 *
 * The runtime installs its handler half a second after the start, and a handler for a signal only
 * once, for any listener. So it is made to do that now, and its handler is replaced.
 *
 * Where that cannot be done (no FFI, another system) nothing happens.
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

let hangupIgnored: boolean | undefined;

/** Whether this process was started with SIGHUP ignored, as by nohup(1). */
export function isHangupIgnored(): boolean {
  return hangupIgnored ??= readHangupIgnored();
}

function readHangupIgnored(): boolean {
  // Without Linux it cannot be told.
  const mask = /^SigIgn:\s+([0-9a-f]+)$/m.exec(readProc("/proc/self/status") ?? "")?.[1];
  return (Number.parseInt(mask?.at(-1) ?? "0", 16) & 1) !== 0;
}
