/** Memory of a process, as the kernel counts it (proc_pid_status(5)). Linux only. */

/** The most memory that was resident so far, in bytes. */
export function peakResidentBytes(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)![1]) * 1024;
}
