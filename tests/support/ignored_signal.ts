/** Which signals a process ignores: proc_pid_status(5). Linux only. */

/** The signal that opens the runtime's debugger. */
export const SIGUSR1 = 10;

/** Whether process `pid` ignores signal `number`. @throws when there is no such process */
export function isIgnored(pid: number, number: number): boolean {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const mask = BigInt("0x" + /^SigIgn:\s*(\w+)$/m.exec(status)![1]);
  return (mask >> BigInt(number - 1) & 1n) === 1n;
}
