/**
 * ktcp's HTTP server in a program of your own: serves a directory on a port that the system chooses
 * until Ctrl-C, and then prints what it did.
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

// Lets what is in flight finish, for at most five seconds.
const cut = await server.stop(5000);
const { threads } = await server.observe();
const { served } = sumCounters(threads.flatMap(({ counters }) => counters ?? []));
console.log(`${served} requests, ${cut} connections cut off`);
Deno.exit();
