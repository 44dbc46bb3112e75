/**
 * The default engine: `Deno.listen`, and `Deno.listenTls` where there is a certificate.
 */
import {
  type Accepted,
  type Engine,
  formatAddress,
  type Listener,
  type ListenOptions,
} from "../engine.ts";
import { directStream } from "./direct_stream.ts";
import { TlsListener } from "./tls.ts";

class TcpListener implements Listener {
  readonly address: string;
  readonly port: number;
  readonly #listener: Deno.TcpListener;

  constructor(listener: Deno.TcpListener) {
    this.#listener = listener;
    this.port = listener.addr.port;
    this.address = formatAddress(listener.addr.hostname, listener.addr.port);
  }

  async accept(): Promise<Accepted> {
    const conn = await this.#listener.accept();
    // A response leaves in one write: waiting for more to send with it would only delay it.
    conn.setNoDelay(true);
    return { stream: directStream(conn), peer: conn.remoteAddr.hostname };
  }

  close(): void {
    this.#listener.close();
  }
}

class UnixListener implements Listener {
  readonly address: string;
  readonly port = 0;
  readonly #path: string;
  readonly #listener: Deno.UnixListener;

  constructor(path: string, listener: Deno.UnixListener) {
    this.#path = path;
    this.#listener = listener;
    this.address = `unix:${path}`;
  }

  async accept(): Promise<Accepted> {
    return { stream: directStream(await this.#listener.accept()), peer: "" };
  }

  close(): void {
    this.#listener.close();
    try {
      Deno.removeSync(this.#path);
    } catch {
      // Someone else has removed it, or it may not be removed: the socket is closed either way.
    }
  }
}

/** A stale socket file, left by a server that was killed, is removed; one in use is not. */
function removeStaleSocket(path: string): void {
  try {
    if (Deno.lstatSync(path).isSocket) Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function isInUse(path: string): Promise<boolean> {
  try {
    (await Deno.connect({ transport: "unix", path })).close();
    return true;
  } catch {
    return false;
  }
}

/**
 * Removes the socket file at `path` when no server answers on it.
 *
 * @throws {Deno.errors.AddrInUse} when one does
 */
export async function freeUnixPath(path: string): Promise<void> {
  if (await isInUse(path)) throw new Deno.errors.AddrInUse(`Address already in use: ${path}`);
  removeStaleSocket(path);
}

/** The engine over `Deno.listen`. */
export const denoEngine: Engine = {
  listen({ hostname, port, backlog, path, reusePort, tls }: ListenOptions): Listener {
    if (path !== undefined) {
      return new UnixListener(path, Deno.listen({ transport: "unix", path }));
    }
    const options = { hostname, port, reusePort, tcpBacklog: backlog };
    return tls === undefined
      ? new TcpListener(Deno.listen(options))
      : new TlsListener({ ...options, ...tls });
  },
};
