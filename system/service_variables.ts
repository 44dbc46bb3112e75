/**
 * The variables by which a service manager, such as systemd, passes a process the sockets that it
 * has opened for it (sd_listen_fds(3)), and the address for status messages (sd_notify(3),
 * sd_watchdog_enabled(3)).
 *
 * Reading removes the variables, so that child processes do not see them.
 */

/** The first passed descriptor; those before it are the standard streams. */
const FIRST_PASSED = 3;

/** The part of the environment's interface that is used here. */
export type Environment = Pick<Deno.Env, "get" | "delete">;

/** A passed descriptor. */
export interface PassedDescriptor {
  fd: number;
  /** Its `FileDescriptorName=`, usually the unit's name; `unknown` if there is none. */
  name: string;
}

/** Where to report the process's status. */
export interface ManagerAddress {
  /** Path of a Unix datagram socket; an abstract one begins with `@`. */
  notifySocket: string;
  /** The longest interval between keep-alive messages, in ms; absent: none are wanted. */
  watchdogMs?: number;
}

function take(env: Environment, name: string): string | undefined {
  const value = env.get(name);
  if (value !== undefined) env.delete(name);
  return value;
}

/**
 * The descriptors passed to this process; none if LISTEN_PID names another process.
 *
 * @throws {TypeError} when LISTEN_FDS is not a number of descriptors
 */
export function takePassedDescriptors(
  env: Environment = Deno.env,
  pid: number = Deno.pid,
): PassedDescriptor[] {
  const count = take(env, "LISTEN_FDS");
  const receiver = take(env, "LISTEN_PID");
  const names = take(env, "LISTEN_FDNAMES")?.split(":") ?? [];
  // Since systemd 258: distinguishes the process from a later one with the same PID.
  take(env, "LISTEN_PIDFDID");
  if (count === undefined || receiver !== String(pid)) return [];
  if (!/^\d{1,4}$/.test(count)) {
    throw new TypeError(`LISTEN_FDS is '${count}', which is no number of descriptors`);
  }
  return Array.from({ length: Number(count) }, (_, i) => ({
    fd: FIRST_PASSED + i,
    name: names[i] || "unknown",
  }));
}

/** Where to report this process's status; `undefined` if no manager wants it. */
export function takeManagerAddress(
  env: Environment = Deno.env,
  pid: number = Deno.pid,
): ManagerAddress | undefined {
  const notifySocket = take(env, "NOTIFY_SOCKET");
  const watchdogUs = Number(take(env, "WATCHDOG_USEC"));
  const watched = take(env, "WATCHDOG_PID") ?? String(pid);
  if (!notifySocket) return undefined;
  const isWatched = watched === String(pid) && watchdogUs > 0;
  return { notifySocket, ...(isWatched && { watchdogMs: watchdogUs / 1000 }) };
}
