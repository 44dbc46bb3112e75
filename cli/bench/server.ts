/** Starts ktcp's own echo server in a Worker, for a bench run without a server to measure. */
import type { OwnServerAnswer, OwnServerTask } from "./bench_server_worker.ts";
import type { OwnServer } from "./target.ts";
import { Failure } from "../shared/failure.ts";
import { LOOPBACK } from "../../system/address.ts";

/**
 * Starts an echo server on a free loopback port that has room for `connections`.
 *
 * @throws {Failure} when it cannot
 */
export async function startOwnServer(connections: number): Promise<OwnServer> {
  const hostname = LOOPBACK;
  const worker = new Worker(new URL("./bench_server_worker.ts", import.meta.url), {
    type: "module",
    name: "ktcp echo",
    deno: { permissions: { net: [hostname] } },
  });
  const ask = (message: OwnServerTask | "stop") =>
    new Promise<OwnServerAnswer>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<OwnServerAnswer>) => resolve(data);
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Failure(`Cannot run ktcp's own echo server: ${event.message}`));
      };
      worker.postMessage(message);
    });
  const answer = await ask({ connections });
  return {
    hostname,
    port: "port" in answer ? answer.port : 0,
    async stop() {
      await ask("stop");
      worker.terminate();
    },
  };
}
