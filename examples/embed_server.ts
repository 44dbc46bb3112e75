/**
 * ktcp's HTTP server within a program of yours: serves a directory on a port of the system's choice
 * until Ctrl-C, and then says what it did.
 *
 *     deno run -A embed_server.ts DIRECTORY
 */
import { DEFAULT_LIMITS, serve, sumCounters } from "@ktcp/ktcp/servers";

const [root = "."] = Deno.args;
const server = await serve({
  model: "per-core",
  service: { kind: "http", content: "dir", directory: { root }, limits: DEFAULT_LIMITS },
});
console.log(`serving ${root} on http://${server.address}/`);

await new Promise<void>((resolve) => Deno.addSignalListener("SIGINT", resolve));

// Lets what is in flight finish, for five seconds at the most.
const cut = await server.stop(5000);
const { threads } = await server.observe();
const { served } = sumCounters(threads.flatMap(({ counters }) => counters ?? []));
console.log(`${served} requests, ${cut} connections cut off`);
Deno.exit();
