/** Many clients that connect before the server has a turn. */
import assert from "node:assert/strict";
import type { EngineOptions } from "../../../../../servers/net/engine_options.ts";
import { sendBytes } from "../../../../../system/linux/socket.ts";
import { Received } from "./received.ts";
import { TurnedServer } from "./turned_server.ts";

/** `burst` connects, each with a byte that is echoed, are accepted and leave nothing behind. */
export async function acceptBurst(engine: EngineOptions, burst: number): Promise<void> {
  const size = { maxConnections: burst, backlog: 1024 };
  await using server = new TurnedServer({ engine, ...size });
  const clients = Array.from({ length: burst }, () => server.connect());
  for (const client of clients) sendBytes(client, new TextEncoder().encode("x"), 0);
  const all = clients.map((client) => new Received(client));
  await server.turnUntil(() => all.every((received) => received.take() === 1));
  assert.equal(server.counters.connections, burst);
  for (const client of clients) server.clients.close(client);
  await server.turnUntil(() => server.counters.open === 0);
  assert.equal(server.core.blocksUsed, 0);
  assert.deepEqual(server.faults, []);
}
