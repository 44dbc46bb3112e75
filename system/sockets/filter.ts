import type { State } from "./state.ts";

/** Which sockets are meant. */
export interface SocketFilter {
  /** The state is one of these. */
  states: ReadonlySet<State>;
  /** One of these is the port of either end; empty for all. */
  ports: ReadonlySet<number>;
}

/** Whether one of the ports that the filter asks for is the port of either end. */
export function matchesPort(
  { ports }: SocketFilter,
  { localPort, remotePort }: { localPort: number; remotePort: number },
): boolean {
  return ports.size === 0 || ports.has(localPort) || ports.has(remotePort);
}
