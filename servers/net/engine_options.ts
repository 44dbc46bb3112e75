/** Which engine drives the sockets, as plain data. */

/** All engines, the default first. */
export const ENGINES = ["deno", "select", "poll", "epoll", "io_uring"] as const;

/** Who drives the sockets. */
export type EngineName = typeof ENGINES[number];

/** When epoll(7) reports a descriptor: as long as it is ready, or when it becomes ready. */
export const TRIGGERS = ["level", "edge"] as const;

/** An engine by name. */
export interface EngineOptions {
  /** Which one. */
  name: EngineName;
  /** Only for `epoll`. */
  trigger: typeof TRIGGERS[number];
}

/** The runtime's own sockets. */
export const DEFAULT_ENGINE: EngineOptions = { name: "deno", trigger: "edge" };

/** Whether an engine makes system calls of its own, in a loop that blocks its thread. */
export function blocksThread({ name }: EngineOptions): boolean {
  return name !== "deno";
}
