/** What the owner of model `per-connection` tells its Workers: plain data. */
import type { Received } from "../shared_memory/messages.ts";

/** An item: a connection to serve to its end. */
export interface ConnectionData {
  conn: number;
  peer: string;
}

/** What the owner tells the connection's Worker. */
export type ConnectionCommand = ({ kind: "received" } & Received) | { kind: "closed" };
