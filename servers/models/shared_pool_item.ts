/** The work function of model `shared-pool`: runs items, each of which is what came on a connection. */
import type { Effect } from "../service.ts";
import type { WorkContext } from "../workqueue/serve_work.ts";
import type { ReceiveData, SenderRequest } from "./messages.ts";
import type { Pooled } from "./pooled.ts";
import { RemoteSender } from "./remote_sender.ts";
import { runReceived } from "./run_received.ts";

/** Runs an item. @returns what the owner shall do next */
export async function receive(data: ReceiveData, context: WorkContext<Pooled>): Promise<Effect> {
  const { core, service } = context.init;
  const { conn, peer } = data;
  const sender = new RemoteSender(core, conn, () => context.post("flush" satisfies SenderRequest));
  context.onMessage((isSent) => sender.answered(isSent as boolean));
  service.opened?.(conn, peer);
  try {
    return await runReceived(service, conn, { ...data, sender });
  } finally {
    service.closed?.(conn);
  }
}
