/**
 * What a service manager, such as systemd, tells a process in its environment: sockets that it has
 * opened for it (sd_listen_fds(3)), and where it wants to be told how the process is (sd_notify(3),
 * sd_watchdog_enabled(3)).
 *
 * Reading takes the variables away: processes that are started from here do not see them.
 */

/** The first descriptor that is passed: those before it are the standard streams. */
const FIRST_PASSED = 3;

/** The environment, as far as it is needed here. */
export type Environment = Pick<Deno.Env, "get" | "delete">;

/** A descriptor that was passed. */
export interface PassedDescriptor {
  fd: number;
  /** Its `FileDescriptorName=`, as a rule the unit's name; `unknown` without one. */
  name: string;
}

/** Whom to tell how the process is. */
export interface ManagerAddress {
  /** Path of a Unix datagram socket; an abstract one begins with `@`. */
  notifySocket: string;
  /** It wants a sign of life at least so often, in ms; absent: never. */
  watchdogMs?: number;
}

function take(env: Environment, name: string): string | undefined {
  const value = env.get(name);
  if (value !== undefined) env.delete(name);
  return value;
}

/**
 * The descriptors that were passed to this process; none when they are for another one, which is
 * when LISTEN_PID says so.
 *
 * @throws {TypeError} when LISTEN_FDS is no number of descriptors
 */
export function takePassedDescriptors(
  env: Environment = Deno.env,
  pid: number = Deno.pid,
): PassedDescriptor[] {
  const count = take(env, "LISTEN_FDS");
  const receiver = take(env, "LISTEN_PID");
  const names = take(env, "LISTEN_FDNAMES")?.split(":") ?? [];
  // Since systemd 258: what tells the process from a later one with its number.
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

/** Whom to tell how this process is; `undefined` when nobody asked. */
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
