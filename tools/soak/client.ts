/**
 * The connections of the soak runs: plain sockets, so that nothing of ktcp's own clients is
 * taken for granted.
 */
import { sleep } from "../../system/wait.ts";

/** The request that all runs send. */
export const REQUEST = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: soak\r\n\r\n");

/** Connects to a loopback port. With a full accept queue the kernel tries again, which takes a while. */
export function connect(port: number): Promise<Deno.TcpConn> {
  return Deno.connect({ hostname: "127.0.0.1", port });
}

/** Sends all of `bytes`. */
export async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

/** Receives until `buffer` is full. @throws when the peer closes before */
export async function readFull(conn: Deno.Conn, buffer: Uint8Array): Promise<void> {
  for (let at = 0; at < buffer.length;) {
    const count = await conn.read(buffer.subarray(at));
    if (count === null) throw new Error(`The server closed after ${at} of ${buffer.length} bytes`);
    at += count;
  }
}

/** Receives a response to `REQUEST`. @returns its bytes */
export async function readResponse(conn: Deno.Conn, buffer: Uint8Array): Promise<number> {
  for (let at = 0;;) {
    const count = await conn.read(buffer.subarray(at));
    if (count === null) throw new Error(`The server closed after ${at} bytes of a response`);
    at += count;
    const text = new TextDecoder().decode(buffer.subarray(0, at));
    const head = text.indexOf("\r\n\r\n");
    if (head < 0) continue;
    if (!text.startsWith("HTTP/1.1 200 ")) throw new Error(`Not 200: ${text.slice(0, 60)}`);
    const length = Number(/^content-length: (\d+)/im.exec(text.slice(0, head))![1]);
    if (at >= head + 4 + length) return at;
  }
}

/** Sends `REQUEST` over and over. */
export class RequestLoop {
  /** Responses so far. */
  count = 0;
  #isStopped = false;
  readonly #loops: Promise<void>[];

  /**
   * Starts on that many connections.
   *
   * @param pauseMs from a response to the next request on its connection; 0 for none
   */
  constructor(port: number, connections: number, pauseMs = 0) {
    this.#loops = Array.from({ length: connections }, () => this.#run(port, pauseMs));
    // `stop` throws what went wrong, even if that was before.
    for (const loop of this.#loops) loop.catch(() => {});
  }

  /** Responses per second from now on. */
  async rate(seconds: number): Promise<number> {
    const before = this.count;
    const startMs = performance.now();
    await sleep(seconds * 1000);
    return (this.count - before) / (performance.now() - startMs) * 1000;
  }

  /** Ends it. @throws what went wrong on a connection */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#loops);
  }

  async #run(port: number, pauseMs: number): Promise<void> {
    using conn = await connect(port);
    const buffer = new Uint8Array(4096);
    // All responses are alike: the first one tells how long they are.
    await writeAll(conn, REQUEST);
    const length = await readResponse(conn, buffer);
    const response = buffer.subarray(0, length);
    while (!this.#isStopped) {
      await writeAll(conn, REQUEST);
      await readFull(conn, response);
      this.count++;
      if (pauseMs > 0) await sleep(pauseMs);
    }
  }
}
