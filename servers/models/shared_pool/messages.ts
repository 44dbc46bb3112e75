/** What the owner of model `shared-pool` tells its Workers: plain data. */
import type { Received } from "../shared_memory/messages.ts";

/** An item: what was received on a connection. */
export interface ReceiveData extends Received {
  conn: number;
  peer: string;
}
