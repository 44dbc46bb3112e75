/** Who drives the sockets of a load: the names, and the engines behind them. */
import type { Address } from "../../system/address.ts";
import type { EngineMemory } from "./linux/memory.ts";
import type { LoadLoop } from "./loop.ts";
import type { OpenSocket } from "./socket.ts";

/** The engines: the runtime, and ktcp's own system calls (Linux). */
export const CLIENT_ENGINES = ["deno", "epoll", "io_uring"] as const;

/** Who drives the sockets of a load. */
export type ClientEngine = typeof CLIENT_ENGINES[number];

/** The engine that works everywhere. */
export const DEFAULT_CLIENT_ENGINE: ClientEngine = "deno";

/** A loop, and how the sockets are opened whose events happen in it. */
export interface LoadEngine<Target = Address> {
  loop: LoadLoop;
  open: OpenSocket<Target>;
}

/**
 * Makes an engine that makes system calls. Takes the permission for FFI.
 *
 * @throws {LibcError} when the C library cannot be loaded
 * @throws {SystemError} what the kernel refuses
 */
export async function createLinuxEngine(
  name: Exclude<ClientEngine, "deno">,
  memory: EngineMemory,
): Promise<LoadEngine> {
  // Loads the C library: not where it is not needed.
  if (name === "epoll") {
    const { EpollEngine } = await import("./linux/epoll_engine.ts");
    const engine = new EpollEngine(memory);
    return { loop: engine, open: engine.open };
  }
  const { UringEngine } = await import("./linux/uring_engine.ts");
  const engine = new UringEngine(memory);
  return { loop: engine, open: engine.open };
}
