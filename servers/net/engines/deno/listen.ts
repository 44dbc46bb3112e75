/**
 * The default engine: `Deno.listen`, and `Deno.listenTls` where there is a certificate.
 */
import type { ListenOptions } from "../../listen_options.ts";
import { DEFAULT_SENDING, type SendOptions } from "../../send_options.ts";
import type { Accepted, Listener } from "./stream.ts";
import { directStream } from "./direct_stream.ts";
import { TlsListener } from "./tls.ts";
import { bindUnix, type BoundPath } from "../../unix_path.ts";
import { formatHostPort } from "../../../../system/address.ts";

class TcpListener implements Listener {
  readonly address: string;
  readonly port: number;
  readonly #listener: Deno.TcpListener;
  readonly #noDelay: boolean;

  constructor(listener: Deno.TcpListener, noDelay: boolean) {
    this.#listener = listener;
    this.#noDelay = noDelay;
    this.port = listener.addr.port;
    this.address = formatHostPort(listener.addr.hostname, listener.addr.port);
  }

  async accept(): Promise<Accepted> {
    const conn = await this.#listener.accept();
    conn.setNoDelay(this.#noDelay);
    return { stream: directStream(conn), peer: conn.remoteAddr.hostname };
  }

  close(): void {
    this.#listener.close();
  }
}

class UnixListener implements Listener {
  readonly address: string;
  readonly port = 0;
  readonly #bound: BoundPath<Deno.UnixListener>;

  constructor(path: string) {
    this.#bound = bindUnix(path, (name) => Deno.listen({ transport: "unix", path: name }));
    this.address = `unix:${path}`;
  }

  async accept(): Promise<Accepted> {
    return { stream: directStream(await this.#bound.listener.accept()), peer: "" };
  }

  close(): void {
    this.#bound.close();
  }
}

/** Listens with `Deno.listen`. @throws the system's error when the address cannot be bound */
export function listen(
  { hostname, port, backlog, path, reusePort, tls }: ListenOptions,
  { noDelay }: Pick<SendOptions, "noDelay"> = DEFAULT_SENDING,
): Listener {
  if (path !== undefined) return new UnixListener(path);
  const options = { hostname, port, reusePort, tcpBacklog: backlog };
  return tls === undefined
    ? new TcpListener(Deno.listen(options), noDelay)
    : new TlsListener({ ...options, ...tls });
}
