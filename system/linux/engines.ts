/**
 * Finds out which engines this machine and this process allow, and why others are not available.
 */
import { readProc } from "../proc.ts";
import { IoUring } from "./io_uring/io_uring.ts";
import { libc, LibcError, SystemError } from "./libc.ts";

/** The engines that make system calls of their own. */
export const LINUX_ENGINES = ["select", "poll", "epoll", "io_uring"] as const;

export type LinuxEngine = typeof LINUX_ENGINES[number];

/** Whether an engine can be used. */
export interface EngineSupport {
  name: LinuxEngine;
  isAvailable: boolean;
  /** Why not, as a part of a sentence without a period. */
  reason?: string;
  /** For io_uring, if available: the features that only later kernels have. */
  features?: IoUringFeature[];
}

/** A feature of io_uring that ktcp uses where the kernel has it. */
export interface IoUringFeature {
  name: "registered-ring" | "no-sq-array" | "min-wait";
  isAvailable: boolean;
  /** The Linux version that introduced it. */
  since: string;
}

/** Facts about a kernel that refuses io_uring; null where they cannot be read. */
export interface KernelFacts {
  /** The release, as `5.15.0-91-generic`. */
  release: string | null;
  /**
   * `kernel.io_uring_disabled`: 0: no, 1: except for CAP_SYS_ADMIN and a group, 2: for everybody.
   */
  disabled: string | null;
}

/** Tries all engines. */
export function linuxEngines(): EngineSupport[] {
  return LINUX_ENGINES.map(engineSupport);
}

/** Tries an engine: loads libc, and for io_uring creates, uses and closes a ring. */
export function engineSupport(name: LinuxEngine): EngineSupport {
  const reason = refusalOfCalls();
  if (reason !== undefined) return { name, isAvailable: false, reason };
  if (name !== "io_uring") return { name, isAvailable: true };
  const found = tryIoUring();
  return typeof found === "string"
    ? { name, isAvailable: false, reason: found }
    : { name, isAvailable: true, features: found };
}

/** Why system calls cannot be made; undefined if they can. */
function refusalOfCalls(): string | undefined {
  if (Deno.build.os !== "linux") return `this is ${Deno.build.os}, not Linux`;
  try {
    libc();
  } catch (error) {
    if (!(error instanceof LibcError)) throw error;
    return error.message;
  }
}

/** Creates and uses a ring. @returns its features, or why it cannot be created or used */
function tryIoUring(): IoUringFeature[] | string {
  try {
    const ring = new IoUring({ entries: 8, completions: 16, memory: new Uint8Array(64) });
    try {
      ring.nop(0, 0);
      const ready = ring.enter(1, 1000);
      if (ready < 0) throw new SystemError("io_uring_enter", -ready);
      return [
        { name: "registered-ring", isAvailable: ring.isRegistered, since: "5.18" },
        { name: "no-sq-array", isAvailable: ring.hasNoSqArray, since: "6.6" },
        { name: "min-wait", isAvailable: ring.hasMinWait, since: "6.12" },
      ];
    } finally {
      ring.close();
    }
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    return explainRefusal(error, {
      release: readProc("/proc/sys/kernel/osrelease")?.trim() ?? null,
      disabled: readProc("/proc/sys/kernel/io_uring_disabled")?.trim() ?? null,
    });
  }
}

/** What the kernel's refusal of a ring means, and what can be done. Pure. */
export function explainRefusal(error: SystemError, { release, disabled }: KernelFacts): string {
  const kernel = release === null ? "this kernel" : `this kernel (${release})`;
  switch (error.code) {
    case "ENOSYS":
      return `${kernel} has no io_uring, or a sandbox hides it; Linux 6.1 or later is needed`;
    case "EINVAL":
      return `io_uring of ${kernel} lacks what is needed; Linux 6.1 or later is needed`;
    case "EPERM":
    case "EACCES":
      if (disabled === "2") {
        return "kernel.io_uring_disabled is 2: it is switched off for everybody";
      }
      if (disabled === "1") {
        return "kernel.io_uring_disabled is 1: it takes CAP_SYS_ADMIN or kernel.io_uring_group";
      }
      return `a sandbox (seccomp, as in containers) forbids it: ${error.message}`;
    case "ENOMEM":
      return `the kernel has no memory for it, or its limit (ulimit -l) is too low: ${error.message}`;
    default:
      return error.message;
  }
}
