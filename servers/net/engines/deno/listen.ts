/**
 * The default engine: `Deno.listen`, and `Deno.listenTls` where there is a certificate.
 */
import type { ListenOptions } from "../../listen_options.ts";
import type { Accepted, Listener } from "./stream.ts";
import { directStream } from "./direct_stream.ts";
import { TlsListener } from "./tls.ts";
import { type FileIdentity, identify, listenUnix, removeOwnSocket } from "../../unix_path.ts";
import { formatHostPort } from "../../../../system/address.ts";

class TcpListener implements Listener {
  readonly address: string;
  readonly port: number;
  readonly #listener: Deno.TcpListener;

  constructor(listener: Deno.TcpListener) {
    this.#listener = listener;
    this.port = listener.addr.port;
    this.address = formatHostPort(listener.addr.hostname, listener.addr.port);
  }

  async accept(): Promise<Accepted> {
    const conn = await this.#listener.accept();
    // A response is one write: Nagle's algorithm would only delay it.
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
  /** The socket's file; when this server stops, another one may own the path. */
  readonly #file: FileIdentity | undefined;
  readonly #listener: Deno.UnixListener;

  constructor(path: string, listener: Deno.UnixListener) {
    this.#path = path;
    this.#listener = listener;
    this.#file = identify(path);
    this.address = `unix:${path}`;
  }

  async accept(): Promise<Accepted> {
    return { stream: directStream(await this.#listener.accept()), peer: "" };
  }

  close(): void {
    this.#listener.close();
    try {
      if (this.#file !== undefined) removeOwnSocket(this.#path, this.#file);
    } catch {
      // It may not be removed: the socket is closed either way.
    }
  }
}

/** Listens with `Deno.listen`. @throws the system's error when the address cannot be bound */
export function listen(
  { hostname, port, backlog, path, reusePort, tls }: ListenOptions,
): Listener {
  if (path !== undefined) return new UnixListener(path, listenUnix(path));
  const options = { hostname, port, reusePort, tcpBacklog: backlog };
  return tls === undefined
    ? new TcpListener(Deno.listen(options))
    : new TlsListener({ ...options, ...tls });
}
