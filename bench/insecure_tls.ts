/**
 * TLS without checking the certificate. `Deno.startTls` always checks, unless the process was
 * started otherwise; `node:tls` asks nobody. It is slower, so only `--insecure` takes it.
 */
import { connect, type TLSSocket } from "node:tls";
import { isIP } from "node:net";
import type { HttpSocket } from "./http_socket.ts";

/** Connects to `hostname`:`port` and shakes hands as with `serverName`, whoever answers. */
export function openInsecureTls(
  hostname: string,
  port: number,
  serverName: string,
): Promise<HttpSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpSocket>();
  const socket = connect({
    host: hostname,
    port,
    servername: isIP(serverName) ? "" : serverName,
    rejectUnauthorized: false,
    ALPNProtocols: ["http/1.1"],
  });
  socket.setNoDelay(true);
  socket.once("error", (error) => reject(denoError(error)));
  socket.once("secureConnect", () => resolve(new StreamSocket(socket)));
  return promise;
}

/** What Deno throws for the same failure. */
function denoError(error: Error & { code?: string }): Error {
  if (error.code === "ECONNREFUSED") return new Deno.errors.ConnectionRefused(error.message);
  if (error.code === "ECONNRESET") return new Deno.errors.ConnectionReset(error.message);
  return error;
}

/** A stream of Node as a connection that is read on demand. */
class StreamSocket implements HttpSocket {
  readonly #socket: TLSSocket;
  /** What ended the stream: null for the peer's end. */
  #end: Error | null | undefined;
  #wake = () => {};

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    const end = (reason: Error | null) => {
      if (this.#end === undefined) this.#end = reason;
      this.#wake();
    };
    socket.on("readable", () => this.#wake());
    socket.on("end", () => end(null));
    socket.on("close", () => end(new Deno.errors.ConnectionReset("The connection is closed")));
    socket.on("error", (error) => end(denoError(error)));
  }

  async read(view: Uint8Array): Promise<number | null> {
    for (;;) {
      const length = Math.min(view.length, this.#socket.readableLength);
      const bytes = length > 0 ? this.#socket.read(length) as Uint8Array | null : null;
      if (bytes !== null) {
        view.set(bytes);
        return bytes.length;
      }
      if (this.#end === null) return null;
      if (this.#end) throw this.#end;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      // The end is announced only after an attempt to read.
      if (length === 0) this.#socket.read(0);
      await promise;
    }
  }

  write(view: Uint8Array): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    // A copy: Node's streams take no view of shared memory.
    this.#socket.write(view.slice(), (error) => error ? reject(error) : resolve(view.length));
    return promise;
  }

  close(): void {
    this.#socket.destroy();
  }
}
