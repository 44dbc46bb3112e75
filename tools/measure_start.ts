/** Measures an executable's start: until `http` has answered its first request. */
import { once } from "node:events";
import { connect } from "node:net";
import { DIST } from "./paths.ts";

/** Starts that are measured with the cache warm; their median counts. */
const WARM_STARTS = 5;

/** A start that takes longer is a fault. */
const START_TIMEOUT_MS = 30_000;

/** What `path --version` prints, or how it failed. */
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
    const firstMs = await startMs(path, cache);
    const warm: number[] = [];
    for (let i = 0; i < WARM_STARTS; i++) warm.push(await startMs(path, cache));
    return { firstMs, warmMs: warm.sort((a, b) => a - b)[WARM_STARTS >> 1] };
  } finally {
    Deno.removeSync(cache, { recursive: true });
  }
}

async function startMs(path: string, cache: string): Promise<number> {
  const beginMs = performance.now();
  await using server = new Deno.Command(path, {
    args: ["http", "--port", "0"],
    env: { XDG_CACHE_HOME: cache },
    stdin: "null",
    stdout: "piped",
    stderr: "null",
    signal: AbortSignal.timeout(START_TIMEOUT_MS),
  }).spawn();
  const { value } = await server.stdout.pipeThrough(new TextDecoderStream()).getReader().read();
  const port = Number(/:(\d+)\n/.exec(value ?? "")?.[1]);
  if (!port) throw new Error(`${path} http did not get ready: it printed '${value ?? ""}'`);
  const socket = connect(port, "127.0.0.1");
  socket.write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const [answer] = await once(socket, "data");
  const tookMs = performance.now() - beginMs;
  socket.destroy();
  if (!String(answer).startsWith("HTTP/1.1 200 ")) {
    throw new Error(`${path} http answered ${answer}`);
  }
  return tookMs;
}
