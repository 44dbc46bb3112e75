/** The engines that drive the sockets of a load, and their names. */
import type { Address } from "../../system/address.ts";
import type { EngineMemory } from "./linux/memory.ts";
import type { LoadLoop } from "./loop.ts";
import type { OpenSocket } from "./socket.ts";

/** The engines: the runtime's, and those with ktcp's own system calls (Linux). */
export const CLIENT_ENGINES = ["deno", "epoll", "io_uring"] as const;

/** An engine that drives the sockets of a load. */
export type ClientEngine = typeof CLIENT_ENGINES[number];

/** The engine that works everywhere. */
export const DEFAULT_CLIENT_ENGINE: ClientEngine = "deno";

/** A loop, and the function that opens sockets whose events it handles. */
export interface LoadEngine<Target = Address> {
  loop: LoadLoop;
  open: OpenSocket<Target>;
}

/**
 * Makes an engine with its own system calls. Needs permission for FFI.
 *
 * @throws {LibcError} when the C library cannot be loaded
 * @throws {SystemError} when the kernel refuses what the engine needs
 */
export async function createLinuxEngine(
  name: Exclude<ClientEngine, "deno">,
  memory: EngineMemory,
): Promise<LoadEngine> {
  // Imported on demand, because it loads the C library.
  if (name === "epoll") {
    const { EpollEngine } = await import("./linux/epoll_engine.ts");
    const engine = new EpollEngine(memory);
    return { loop: engine, open: engine.open };
  }
  const { UringEngine } = await import("./linux/uring_engine.ts");
  const engine = new UringEngine(memory);
  return { loop: engine, open: engine.open };
}
