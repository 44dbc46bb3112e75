/**
 * The work function of model `per-connection`: the driver of one connection, whose socket and block are
 * the owner's.
 */
import { Connection } from "../connection.ts";
import { type Counters, zeroCounters } from "../counters.ts";
import { TICK_MS } from "../options.ts";
import { TimerWheel } from "../timer_wheel.ts";
import type { WorkContext } from "../workqueue/serve_work.ts";
import type { ConnectionCommand, ConnectionData } from "./messages.ts";
import type { Pooled } from "./pooled.ts";
import { RemoteStream } from "./remote_stream.ts";

/** Serves the connection from its first byte to its end. */
export async function connection(
  { conn, peer, timeouts }: ConnectionData,
  context: WorkContext<Pooled>,
): Promise<Counters> {
  const { core, service } = context.init;
  const stream = new RemoteStream(context, core);
  const counters = zeroCounters();
  const wheel = new TimerWheel(TICK_MS, () => service.tick?.(Date.now()));
  const ended = Promise.withResolvers<void>();
  const onEnd = (_connection: Connection, fault: unknown) =>
    fault === undefined ? ended.resolve() : ended.reject(fault);
  const shared = { core, service, wheel, timeouts, counters, onEnd };
  const served = new Connection(shared, stream, conn, peer);
  context.onMessage((message) => {
    const command = message as ConnectionCommand;
    if (command.kind === "drain") service.drain?.();
    else if (command.kind === "close-if-idle") served.closeIfIdle();
    else stream.reply(command);
  });
  served.serve();
  await ended.promise;
  return counters;
}
