/**
 * How Workers handle what was received on a connection. The bytes are in the shared memory, and the
 * answer is put there for the owner to send.
 */
import { Effect, type Service } from "../../net/service.ts";
import type { Outcome, Received } from "./messages.ts";

/** Runs `service` on the bytes in the block `conn`. @returns what the owner has to do next */
export async function runReceived(
  service: Service,
  conn: number,
  { isEnded, isDraining, tries }: Received,
): Promise<Outcome> {
  if (isDraining) service.drain?.();
  service.tick?.(Date.now());
  try {
    let effect = tries > 0 ? service.retry!(conn, tries) : Effect.Read;
    if (effect === Effect.Read) {
      effect = await (isEnded ? service.finish(conn) : service.receive(conn));
    }
    return effect === Effect.Respond ? await service.handOver!(conn) : effect;
  } finally {
    service.flushLog?.();
  }
}
