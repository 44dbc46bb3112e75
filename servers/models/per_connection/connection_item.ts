/** The work function of model `per-connection`: serves one connection until it is closed. */
import type { WorkContext } from "../../workqueue/run_work.ts";
import type { Received } from "../shared_memory/messages.ts";
import type { WorkerService } from "../shared_memory/worker_service.ts";
import { runReceived } from "../shared_memory/run_received.ts";

/** An item: a connection to serve to its end. Plain data. */
export interface ConnectionData {
  conn: number;
  peer: string;
}

/** What the owner sends to the connection's Worker: plain data. */
export type ConnectionCommand = ({ kind: "received" } & Received) | { kind: "closed" };

/** Handles what is received on the connection, until the owner has closed it. */
export async function connection(
  { conn, peer }: ConnectionData,
  context: WorkContext<WorkerService>,
): Promise<void> {
  const { service } = context.init;
  const closed = Promise.withResolvers<void>();
  const run = async (received: Received) => {
    try {
      context.post(await runReceived(service, conn, received));
    } catch (error) {
      closed.reject(error);
    }
  };
  service.opened?.(conn, peer);
  context.onMessage((message) => {
    const command = message as ConnectionCommand;
    if (command.kind === "received") run(command);
    else closed.resolve();
  });
  try {
    await closed.promise;
  } finally {
    service.closed?.(conn);
  }
}
