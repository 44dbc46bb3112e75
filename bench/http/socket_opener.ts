/** Chooses how the connections of a load are made. */
import { DenoSocket } from "./deno_socket.ts";
import type { OpenSocket } from "./socket.ts";
import type { Endpoint } from "./target.ts";

/**
 * The fastest way to open connections to `endpoints`. `Deno.connect` takes 2/3 of the CPU time of
 * `node:net` for a connection, but with its promises 1.2 times as much for an exchange on one that
 * stays open; TLS without checking certificates there is only in `node:tls`.
 */
export async function socketOpener(
  endpoints: readonly Endpoint[],
  isKeepAlive: boolean,
): Promise<OpenSocket> {
  const hasTls = endpoints.some(({ tls }) => tls !== undefined);
  if (!isKeepAlive && !hasTls) {
    return (endpoint, input, events) => new DenoSocket(endpoint, input, events);
  }
  const { NodeSocket } = await import("./node_socket.ts");
  return (endpoint, input, events) => new NodeSocket(endpoint, input, events);
}
