/** The state of a process (proc_pid_stat(5)). Linux only. */
import { readProc } from "./proc.ts";

/**
 * Whether all threads of process `pid` are stopped: SIGSTOP takes effect on each thread only when
 * that thread next handles signals. Also true if there is no such process.
 */
export function isStopped(pid: number): boolean {
  const folder = `/proc/${pid}/task`;
  let threads: string[];
  try {
    threads = Array.from(Deno.readDirSync(folder), ({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return true;
    throw error;
  }
  return threads.every((thread) => {
    const stat = readProc(`${folder}/${thread}/stat`);
    // The state follows the name, which may hold anything, in parentheses.
    return stat === null || /^[TtXZ]/.test(stat.slice(stat.lastIndexOf(")") + 2));
  });
}
