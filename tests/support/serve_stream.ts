/** A connection over a stream, without a server around it. */
import { Connection, type ConnectionContext } from "../../servers/net/connection.ts";
import { ConnectionLimit } from "../../servers/net/connection_limit.ts";
import type { Driver } from "../../servers/net/driver.ts";
import type { Stream } from "../../servers/net/engines/deno/stream.ts";
import { StreamDriver } from "../../servers/net/engines/deno/stream_driver.ts";

/** Serves `stream` to its end. `ended` resolves with its fault, and its block is closed then. */
export function serveStream(
  parts: Omit<ConnectionContext, "onEnd" | "writes"> & { writes?: number },
  stream: Stream,
  peer: string,
): { connection: Connection; ended: Promise<unknown> } {
  const { core } = parts;
  const ended = Promise.withResolvers<unknown>();
  const onEnd = ({ conn }: Connection, fault: unknown) => {
    core.close(conn);
    ended.resolve(fault);
  };
  const open = (driver: Driver) =>
    new Connection({ writes: 1, ...parts, onEnd }, driver, core.open(), peer);
  const host = { core, limit: ConnectionLimit.alone(1), open, refused() {} };
  return { connection: StreamDriver.serve(host, { stream, peer })!, ended: ended.promise };
}
