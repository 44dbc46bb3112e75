/**
 * The Worker's entry for all models: the work functions that items name.
 */
import { Core } from "../../core/mod.ts";
import { Connection, type Counters, zeroCounters } from "../connection.ts";
import { ConnectionLimit } from "../connection_limit.ts";
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
  const { core, capacity } = createServerCore(options, keptBytes(options.service));
  const service = createService(core, options.service);
  const limit = new ConnectionLimit(counts, index, Math.min(options.maxConnections, capacity));
  const { listener, counters, acceptor } = startServing(options, { core, service, limit });
  const { address, port } = listener;
  context.post({ kind: "listening", address, port } satisfies ServeMessage);
  return await new Promise<ServeResult>((resolve, reject) => {
    acceptor.done.catch(reject);
    context.onMessage((message) => {
      const command = message as ServeCommand;
      if (command.kind === "report") {
        context.post({ kind: "report", counters } satisfies ServeMessage);
      } else {
        acceptor.stop(command.graceMs).then((cut) => resolve({ counters, cut }), reject);
      }
    });
  });
}

/** `per-connection`: the driver of one connection, whose socket is the owner's. */
async function serveConnection(
  { conn, peer, timeouts }: ConnectionData,
  context: WorkContext<Pooled>,
): Promise<Counters> {
  const { core, service } = context.init;
  const stream = new RemoteStream(context, core);
  const counters = zeroCounters();
  const wheel = new TimerWheel(TICK_MS, () => service.tick?.(Date.now()));
  const connection = new Connection(
    { core, service, wheel, timeouts, counters, keepsBlock: true },
    stream,
    conn,
    peer,
  );
  context.onMessage((message) => {
    const command = message as ConnectionCommand;
    if (command.kind === "drain") {
      service.drain?.();
      connection.drain();
    } else stream.reply(command);
  });
  await connection.run();
  return counters;
}

serveWork<Pooled, PoolInit | null>({ serve, receive: receiveItem, connection: serveConnection }, {
  setUp(init) {
    // `per-core` brings its options with the item; nothing of another thread is used.
    if (init === null) return undefined as unknown as Pooled;
    const core = Core.attach(init.share);
    return { core, service: createService(core, init.service, { isPooled: true }) };
  },
});
