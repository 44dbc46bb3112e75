/** Ending with the process that started this one, also when that one was killed: prctl(2). */
import { readProc } from "../proc.ts";
import { libc, LibcError } from "./libc.ts";

/**
 * The variable by which a process tells one that it starts to end with it: its own process number.
 * SIGKILL, as of a time limit, leaves it no time to end others itself.
 */
export const PARENT_VARIABLE = "KTCP_PARENT";

const PR_SET_PDEATHSIG = 1;
const SIGKILL = 9n;

/**
 * Lets the kernel kill this process as soon as its parent has ended. A stopped process ends as well,
 * which it would not by a signal that it has to handle.
 *
 * Where that cannot be asked for (no FFI, another system) nothing happens.
 *
 * @param parent the process number of the parent, which may have ended before this call
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
 * Whether `pid` has started this process, or a wrapper that did. Whoever has died is nobody's parent
 * any more, whereas its number stands in `/proc` until it is waited for.
 */
function isAncestor(pid: number): boolean {
  for (let one = Deno.ppid; one > 0; one = parentOf(one)) {
    if (one === pid) return true;
  }
  return false;
}

/** The parent of a process; 0 where it is not known. See proc_pid_stat(5). */
function parentOf(pid: number): number {
  const stat = readProc(`/proc/${pid}/stat`);
  return Number(/.*\) \S (\d+) /s.exec(stat ?? "")?.[1] ?? 0);
}
