/**
 * The Worker's entry for all models: the work functions that items name.
 */
import { Core } from "../../core/mod.ts";
import { Connection } from "../connection.ts";
import { ConnectionLimit } from "../connection_limit.ts";
import { type Counters, zeroCounters } from "../counters.ts";
import { createService } from "../create_service.ts";
import { keptBytes } from "../options.ts";
import type { Service } from "../service.ts";
import { TimerWheel } from "../timer_wheel.ts";
import { serveWork, type WorkContext } from "../workqueue/serve_work.ts";
import type {
  ConnectionCommand,
  ConnectionData,
  PoolInit,
  ServeCommand,
  ServeData,
  ServeMessage,
  ServeResult,
} from "./messages.ts";
import { receiveItem } from "./remote_service.ts";
import { RemoteStream } from "./remote_stream.ts";
import { createServerCore, startServing, TICK_MS } from "./single.ts";

/** What the Workers of pool models keep between items. */
interface Pooled {
  core: Core;
  service: Service;
}

/** `per-core`: a whole server, until it is told to stop. */
async function serve(
  { options, counts, index }: ServeData,
  context: WorkContext<unknown>,
): Promise<ServeResult> {
  const core = createServerCore(options, keptBytes(options.service));
  const service = await createService(core, options.service);
  const limit = new ConnectionLimit(counts, index, options.maxConnections);
  const { listener, acceptor } = startServing(options, { core, service, limit });
  context.post({ kind: "listening", address: listener.address } satisfies ServeMessage);
  return await new Promise<ServeResult>((resolve, reject) => {
    acceptor.done.catch(reject);
    context.onMessage((message) => {
      const command = message as ServeCommand;
      if (command.kind === "report") {
        context.post({ kind: "report", counters: acceptor.counters } satisfies ServeMessage);
        return;
      }
      acceptor.stop(command.graceMs)
        .then((cut) => resolve({ counters: acceptor.counters, cut }), reject);
    });
  });
}

/** `per-connection`: the driver of one connection, whose socket and block are the owner's. */
async function serveConnection(
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
  const connection = new Connection(shared, stream, conn, peer);
  context.onMessage((message) => {
    const command = message as ConnectionCommand;
    if (command.kind === "drain") service.drain?.();
    else if (command.kind === "close-if-idle") connection.closeIfIdle();
    else stream.reply(command);
  });
  connection.serve();
  await ended.promise;
  return counters;
}

serveWork<Pooled, PoolInit | null>({ serve, receive: receiveItem, connection: serveConnection }, {
  async setUp(init) {
    // `per-core` brings its options with the item; nothing of another thread is used.
    if (init === null) return undefined as unknown as Pooled;
    const core = Core.attach(init.share);
    return { core, service: await createService(core, init.service, { isPooled: true }) };
  },
});
