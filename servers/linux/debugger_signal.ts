/**
 * SIGUSR1 must not open the debugger: `deno run` (since 2.9.2, without an option against it) then
 * listens on 127.0.0.1:9229, where every user of the machine could run code in this process.
 */
import { libc, LibcError } from "./libc.ts";

const SIGUSR1 = 10;

/**
 * Makes this process ignore SIGUSR1 for good.
 *
 * The runtime installs its handler half a second after the start, and a handler for a signal only
 * once, whoever listens to it. So it is made to do that now, and what it installed is replaced.
 *
 * Where that cannot be done (no FFI, another system) nothing happens.
 */
export function ignoreDebuggerSignal(): void {
  if (Deno.build.os !== "linux") return;
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
