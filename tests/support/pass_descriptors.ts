/** Starts `ktcp` as a service manager does: with descriptors from 3 on, and variables about them. */
import { setCloseOnExec } from "../../system/linux/socket.ts";
import { Launched, type LaunchOptions } from "./launch.ts";

/** Variables that tell of `fds`; LISTEN_PID is the process that the shell becomes. */
const SCRIPT = `
export LISTEN_PID=\${LISTEN_PID:-$$} LISTEN_FDS=\${LISTEN_FDS:-$1}
shift
exec "$@"`;

/** Runs `ktcp` with `fds` passed to it. */
export function launchWith(
  fds: readonly number[],
  args: readonly string[],
  { env = {}, ...options }: LaunchOptions = {},
): Launched {
  // Copies above all of them first: a descriptor that is passed may have the place of another one.
  const copies = fds.map((fd, i) => `exec ${100 + i}<&${fd} ${fd}<&-`);
  const places = fds.map((_, i) => `exec ${3 + i}<&${100 + i} ${100 + i}<&-`);
  const script = [...copies, ...places, SCRIPT].join("\n");
  for (const fd of fds) setCloseOnExec(fd, false);
  try {
    const prefix = ["bash", "-c", script, "bash", String(fds.length)];
    return new Launched(args, { ...options, prefix, env });
  } finally {
    for (const fd of fds) setCloseOnExec(fd);
  }
}
