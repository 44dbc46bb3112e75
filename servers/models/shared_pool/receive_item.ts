/** The work function of model `shared-pool`: each item is what was received on a connection. */
import type { WorkContext } from "../../workqueue/run_work.ts";
import type { Outcome, Received } from "../shared_memory/messages.ts";
import type { WorkerService } from "../shared_memory/worker_service.ts";
import { runReceived } from "../shared_memory/run_received.ts";

/** An item: what was received on a connection. Plain data. */
export interface ReceiveData extends Received {
  conn: number;
  peer: string;
}

/** Runs an item. @returns what the owner has to do next */
export async function receive(
  data: ReceiveData,
  context: WorkContext<WorkerService>,
): Promise<Outcome> {
  const { service } = context.init;
  const { conn, peer } = data;
  service.opened?.(conn, peer);
  try {
    return await runReceived(service, conn, data);
  } finally {
    service.closed?.(conn);
  }
}
