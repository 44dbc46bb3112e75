/**
 * What Workers of the pool models do with what was received on a connection. Its bytes stand in
 * the shared memory, and what is answered is put there for the owner to send.
 */
import { Effect, type Sender, type Service } from "../service.ts";
import type { Received } from "./remote_service.ts";

/** Runs `service` on what stands in the block `conn`. @returns what the owner shall do next */
export async function runReceived(
  service: Service,
  conn: number,
  { isEnded, isDraining, sender }: Received & { sender: Sender },
): Promise<Effect> {
  if (isDraining) service.drain?.();
  service.tick?.(Date.now());
  try {
    let effect = await (isEnded ? service.finish(conn, sender) : service.receive(conn, sender));
    while (effect === Effect.Respond) effect = await service.respond!(conn, sender);
    return effect;
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return Effect.Close;
    throw error;
  }
}
