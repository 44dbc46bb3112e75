/** Ends this process when its parent ends, even if the parent is killed: prctl(2). */
import { parentOf } from "../process_usage.ts";
import { libc, LibcError } from "./libc.ts";

/**
 * The environment variable by which a process makes one that it starts end with it; its value is
 * the parent's PID. A SIGKILL, for instance by a time limit, leaves the parent no time to end
 * children itself.
 */
export const PARENT_VARIABLE = "KTCP_PARENT";

const PR_SET_PDEATHSIG = 1;
const SIGKILL = 9n;

/**
 * Makes the kernel kill this process as soon as its parent has ended. SIGKILL also ends a stopped
 * process, which would not handle any other signal.
 *
 * Does nothing where this is not possible (no FFI, another system).
 *
 * @param parent the PID of the parent, which may have ended before this call
 */
export function endWithParent(parent: number): void {
  if (Deno.build.os !== "linux") return;
  try {
    libc().calls.prctl(PR_SET_PDEATHSIG, SIGKILL);
  } catch (error) {
    if (error instanceof LibcError) return;
    throw error;
  }
  if (!isAncestor(parent)) Deno.exit(1);
}

/**
 * Whether `pid` is an ancestor of this process, which may have been started by a wrapper. The
 * kernel's parent links are used because a dead process is no longer a parent, whereas its PID
 * stays in `/proc` until it is waited for.
 */
function isAncestor(pid: number): boolean {
  for (let one = Deno.ppid; one > 0; one = parentOf(one) ?? 0) {
    if (one === pid) return true;
  }
  return false;
}
