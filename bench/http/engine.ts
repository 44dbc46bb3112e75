/** Makes the engine of a thread: its loop, and how its connections are made. */
import { type ClientEngine, createLinuxEngine, type LoadEngine } from "../load/engine.ts";
import type { EngineMemory } from "../load/linux/memory.ts";
import { RuntimeLoop } from "../load/runtime_loop.ts";
import type { OpenSocket } from "../load/socket.ts";
import type { Endpoint } from "./target.ts";

/** The load that the engine is for. */
export interface EngineUse {
  endpoints: readonly Endpoint[];
  isKeepAlive: boolean;
}

/**
 * Makes the engine `name`; only `deno` supports TLS.
 *
 * @throws {SystemError} when the kernel refuses what it needs
 */
export async function createEngine(
  name: ClientEngine,
  use: EngineUse,
  memory: EngineMemory,
): Promise<LoadEngine<Endpoint>> {
  if (name !== "deno") return await createLinuxEngine(name, memory);
  return { loop: new RuntimeLoop(), open: await runtimeSockets(use) };
}

/**
 * The fastest sockets of the runtime. `Deno.connect` takes 2/3 of the CPU time of `node:net` for a
 * connection, but, because of its promises, 1.2 times as much for an exchange on an open one. Only
 * `node:tls` can skip the check of certificates. Deno's `node:net` drops the zone of an IPv6
 * address.
 */
async function runtimeSockets(
  { endpoints, isKeepAlive }: EngineUse,
): Promise<OpenSocket<Endpoint>> {
  const hasTls = endpoints.some(({ tls }) => tls !== undefined);
  const hasZone = endpoints.some((endpoint) =>
    !("path" in endpoint) && endpoint.hostname.includes("%")
  );
  if ((!isKeepAlive || hasZone) && !hasTls) {
    const { DenoSocket } = await import("../load/deno_socket.ts");
    return (endpoint, input, events) => new DenoSocket(endpoint, input, events);
  }
  const { NodeSocket } = await import("./node_socket.ts");
  return (endpoint, input, events) => new NodeSocket(endpoint, input, events);
}
