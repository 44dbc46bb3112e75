/** Worker entry: the echo server that `ktcp bench` starts when there is none to measure. */
import { DEFAULT_BUFFER_BYTES, type RunningServer, serve } from "../../servers/mod.ts";

/** What the server has to hold. */
export interface OwnServerTask {
  connections: number;
}

/** What the Worker answers: its port at first; when told to stop, that it has stopped. */
export type OwnServerAnswer = { port: number } | { stopped: true };

const worker = self as unknown as Worker;
let server: RunningServer | undefined;

worker.onmessage = async ({ data }: MessageEvent<OwnServerTask | "stop">) => {
  if (data === "stop") {
    await server?.stop(0);
    return worker.postMessage({ stopped: true } satisfies OwnServerAnswer);
  }
  server = await serve({
    // Every client connects at once: each may have to wait in the accept queue.
    listen: { backlog: data.connections },
    service: { kind: "echo", bufferBytes: DEFAULT_BUFFER_BYTES, verbose: false },
    maxConnections: data.connections,
  });
  worker.postMessage({ port: server.port } satisfies OwnServerAnswer);
};
