/**
 * The long soak: `deno task soak:core`.
 *
 * Ten million random bytes in random pieces through the request parser, then a million mutated
 * requests over sockets to `ktcp http --echo`, whose resident memory must not grow once it is warm.
 * `--bytes N`, `--requests N` and `--seed N` change the amounts and the seed.
 */
import { parseArgs } from "node:util";
import { Core } from "../../core/mod.ts";
import { soakParser } from "./parser.ts";
import { Random } from "./random.ts";
import { soakServer } from "./server.ts";
import { ServerProcess } from "./server_process.ts";

/** Growth of the server above this, after the first tenth of the requests, is a leak. */
const MOST_GROWTH_KIB = 32 * 1024;

const CONNECTIONS = 32;

function table(counts: Map<number, number>): string {
  return [...counts].sort(([a], [b]) => a - b).map(([key, count]) => `${key}: ${count}`).join(", ");
}

function soakOwnParser(bytes: number, random: Random): void {
  const startMs = performance.now();
  const soak = soakParser(Core.create({ blocks: 4 }), bytes, random);
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  console.log(
    `parser: ${soak.bytes} random bytes on ${soak.connections} connections in ${seconds} s, ` +
      `${soak.heads} heads, ${soak.contentBytes} bytes of content\nby code: ${table(soak.codes)}`,
  );
}

async function soakOwnServer(requests: number, random: Random): Promise<void> {
  await using server = await ServerProcess.start(["http", "--echo", "--port", "0"]);
  const residentKib = () => server.residentBytes / 1024;
  let warmKib = 0;
  const startMs = performance.now();
  console.log(`server: ${residentKib()} KiB resident before the first request`);
  const soak = await soakServer(server.port, {
    requests,
    connections: CONNECTIONS,
    random,
    onProgress: (sent) => {
      const kib = residentKib();
      if (warmKib === 0 && sent >= requests / 10) warmKib = kib;
      console.log(`${sent} requests: ${kib} KiB`);
    },
  });
  const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
  const kib = residentKib();
  console.log(
    `server: ${soak.requests} mutated requests in ${seconds} s, ${kib} KiB resident\nby status: ${
      table(soak.statuses)
    }`,
  );
  if (kib - warmKib > MOST_GROWTH_KIB) throw new Error(`It grew by ${kib - warmKib} KiB`);
  const { code, notes } = await server.stop();
  if (code !== 0) throw new Error(`The server ended with ${code}: ${notes}`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      bytes: { type: "string", default: "10000000" },
      requests: { type: "string", default: "1000000" },
      seed: { type: "string", default: `${Date.now() % 2 ** 31}` },
    },
  });
  console.log(`seed ${values.seed}`);
  const random = new Random(Number(values.seed));
  soakOwnParser(Number(values.bytes), random);
  await soakOwnServer(Number(values.requests), random);
}

if (import.meta.main) await main();
