/** A server process and what its tree of processes costs. */

/** Of `utime` and `stime` in /proc/PID/stat; 100 on every Linux that Deno runs on. */
const TICKS_PER_SECOND = 100;

/** Parent and CPU time of each process. */
function processes(): Map<number, { parent: number; ticks: number }> {
  const found = new Map<number, { parent: number; ticks: number }>();
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = Deno.readTextFileSync(`/proc/${name}/stat`);
      // The command in parentheses may hold anything; fields count from behind it.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const ticks = Number(fields[11]) + Number(fields[12]);
      found.set(Number(name), { parent: Number(fields[1]), ticks });
    } catch {
      // It has ended since.
    }
  }
  return found;
}

/** CPU time that `root` and all below it have used, in µs. */
export function cpuUs(root: number): number {
  const all = processes();
  let ticks = 0;
  for (const [pid, { ticks: own }] of all) {
    let at: number | undefined = pid;
    while (at !== undefined && at !== root) at = all.get(at)?.parent;
    if (at === root) ticks += own;
  }
  return ticks / TICKS_PER_SECOND * 1e6;
}

/** A port that was free a moment ago. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/**
 * Starts `command`, on one core if it is given, and waits until `url` is answered with 200.
 *
 * @throws when it ends before, or takes longer than ten seconds
 */
export async function start(
  command: string[],
  { url, core }: { url: string; core?: number },
): Promise<Deno.ChildProcess> {
  const [program, ...args] = core === undefined
    ? command
    : ["taskset", "-c", `${core}`, ...command];
  const child = new Deno.Command(program, {
    args,
    stdout: "null",
    stderr: "null",
  }).spawn();
  let hasEnded = false;
  child.status.then(() => hasEnded = true);
  for (const endMs = performance.now() + 10_000; performance.now() < endMs && !hasEnded;) {
    try {
      const response = await fetch(url);
      await response.body?.cancel();
      if (response.status === 200) return child;
    } catch {
      // Not yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  if (!hasEnded) child.kill();
  throw new Error(`Cannot start ${command.join(" ")}: it does not answer at ${url}`);
}
