/** The work function of model `per-connection`: serves one connection until it is closed. */
import type { WorkContext } from "../workqueue/serve_work.ts";
import type { ConnectionCommand, ConnectionData, ConnectionMessage } from "./messages.ts";
import type { Pooled } from "./pooled.ts";
import type { Received } from "./remote_service.ts";
import { RemoteSender } from "./remote_sender.ts";
import { runReceived } from "./run_received.ts";

/** Deals with what is received on the connection, until the owner has closed it. */
export async function connection(
  { conn, peer }: ConnectionData,
  context: WorkContext<Pooled>,
): Promise<void> {
  const { core, service } = context.init;
  const post = (message: ConnectionMessage) => context.post(message);
  const sender = new RemoteSender(core, conn, () => post({ kind: "flush" }));
  const closed = Promise.withResolvers<void>();
  const run = async (received: Received) => {
    try {
      const effect = await runReceived(service, conn, { ...received, sender });
      post({ kind: "effect", effect });
    } catch (error) {
      closed.reject(error);
    }
  };
  service.opened?.(conn, peer);
  context.onMessage((message) => {
    const command = message as ConnectionCommand;
    if (command.kind === "received") run(command);
    else if (command.kind === "flushed") sender.answered(command.isSent);
    else closed.resolve();
  });
  try {
    await closed.promise;
  } finally {
    service.closed?.(conn);
  }
}
