/** Engines, and other interfaces of the kernel that ktcp uses: whether they are available, and why not. */
import { LibcError, SystemError } from "../../system/linux/libc.ts";
import { type EngineSupport, engineSupport, linuxEngines } from "../../system/linux/engines.ts";
import type { Machine } from "../../system/machine.ts";
import { hasNetAdmin } from "../../system/sockets/capability.ts";
import { SockDiag } from "../../system/sockets/sock_diag.ts";

/** An engine: whether it is available here, and why not. */
export interface Engine extends Omit<EngineSupport, "name"> {
  name: "deno" | EngineSupport["name"];
}

/** All engines; the runtime's sockets are always available. */
export function allEngines(): Engine[] {
  return [{ name: "deno", isAvailable: true }, ...linuxEngines()];
}

/** An interface to the kernel. */
export interface Interface {
  name: "FFI" | "sock_diag" | "PSI" | "CAP_NET_ADMIN";
  /** What ktcp does with it. */
  use: string;
  isAvailable: boolean;
  /** Why not, as a part of a sentence without a period. */
  reason?: string;
  /** What to type; empty when nothing is needed, or nothing helps. */
  fix: string;
}

/** Tries the interfaces. `pressure` is that of the machine. */
export function interfaces({ pressure }: Pick<Machine, "pressure">): Interface[] {
  const isLinux = Deno.build.os === "linux";
  const notHere = isLinux ? undefined : `this is ${Deno.build.os}, not Linux`;
  const noCalls = engineSupport("epoll").reason;
  const tried = (
    { fix, ...told }: Pick<Interface, "name" | "use" | "fix">,
    reason: string | undefined,
  ): Interface =>
    reason === undefined
      ? { ...told, isAvailable: true, fix: "" }
      : { ...told, isAvailable: false, reason, fix: isLinux ? fix : "" };
  return [
    tried({ name: "FFI", use: "system calls: engines, sockets, CPU times", fix: "" }, noCalls),
    tried(
      { name: "sock_diag", use: "lists sockets with their backlogs", fix: LOAD_DIAG },
      noCalls ?? refusalOfSockDiag(),
    ),
    tried(
      { name: "PSI", use: "tells when CPUs are short", fix: "" },
      notHere ?? (pressure === null ? "start the kernel with psi=1" : undefined),
    ),
    tried(
      {
        name: "CAP_NET_ADMIN",
        use: "drops sockets",
        fix: "sudo ktcp sockets drop --state time-wait",
      },
      notHere ?? (hasNetAdmin() ? undefined : "this process lacks it; root has it"),
    ),
  ];
}

/** Loads the kernel module, which may not be loaded yet. */
const LOAD_DIAG = "sudo modprobe tcp_diag";

/** Why the kernel lists no sockets by sock_diag; undefined when it does. */
function refusalOfSockDiag(): string | undefined {
  try {
    using _diag = new SockDiag();
    return undefined;
  } catch (error) {
    if (error instanceof SystemError || error instanceof LibcError) return error.message;
    throw error;
  }
}
