/** Measures the start of servers: until the first request is answered. */
import { once } from "node:events";
import { connect } from "node:net";
import { median } from "../../bench/stats/spread.ts";
import { untilReady } from "../../bench/processes/ready_line.ts";
import { Process } from "../../system/process.ts";
import { DIST } from "./repository.ts";

/** Starts that are measured with the cache warm; their median counts. */
const WARM_STARTS = 5;

/** A start that takes longer has failed. */
const START_TIMEOUT_MS = 30_000;

/** The first line that `path --version` prints, or of its error. */
export function versionOf(path: string): string {
  const { stdout, stderr } = new Deno.Command(path, { args: ["--version"], stdin: "null" })
    .outputSync();
  const text = new TextDecoder().decode(stdout.length > 0 ? stdout : stderr);
  return text.trim().split("\n")[0];
}

/**
 * Starts `path http` several times with a cache of its own, which is removed afterwards.
 *
 * @returns milliseconds of the first start, and the median of the later ones
 * @throws if it does not get ready or does not answer
 */
export async function measureStart(path: string): Promise<{ firstMs: number; warmMs: number }> {
  Deno.mkdirSync(DIST, { recursive: true });
  const cache = Deno.makeTempDirSync({ dir: DIST, prefix: "start-" });
  try {
    const command = [path, "http", "--port", "0"];
    const env = { XDG_CACHE_HOME: cache };
    const firstMs = await startMs(command, env);
    const warm: number[] = [];
    for (let i = 0; i < WARM_STARTS; i++) warm.push(await startMs(command, env));
    return { firstMs, warmMs: median(warm) };
  } finally {
    Deno.removeSync(cache, { recursive: true });
  }
}

/**
 * Starts a server and asks it for `/`.
 *
 * @param command a program that prints a line that ends with its port as soon as it listens
 * @param env variables in addition to those of this process
 * @returns milliseconds from its start to its first answer
 * @throws if it does not get ready, or answers other than 200
 */
export async function startMs(
  [path, ...args]: readonly string[],
  env: Record<string, string> = {},
): Promise<number> {
  const beginMs = performance.now();
  await using server = new Process([path, ...args], { env, deadlineMs: START_TIMEOUT_MS });
  const ready = await untilReady(server);
  if (ready === null) {
    const { out, err } = await server.ended;
    throw new Error(`${path} did not get ready: it printed '${out}${err}'`);
  }
  const { port } = ready;
  const socket = connect(port, "127.0.0.1");
  socket.write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const [answer] = await once(socket, "data");
  const tookMs = performance.now() - beginMs;
  socket.destroy();
  if (!String(answer).startsWith("HTTP/1.1 200 ")) throw new Error(`${path} answered ${answer}`);
  return tookMs;
}
