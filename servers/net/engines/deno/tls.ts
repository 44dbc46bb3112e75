/**
 * Streams over TLS: `Deno.listenTls`, with HTTP/1.1 as the only protocol it offers (ALPN).
 */
import { ReadTurns } from "../../../../system/read_turns.ts";
import type { Certificate } from "../../listen_options.ts";
import type { Accepted, Listener, Stream } from "./stream.ts";
import { Overdue } from "./overdue.ts";
import { formatHostPort } from "../../../../system/address.ts";

/** How long a listener with an old certificate still accepts connections, in ms. */
const OLD_MS = 5000;

/** Options missing from the type definitions of `Deno.listenTls`. */
type TlsOptions = Deno.ListenTlsOptions & Certificate & { tcpBacklog: number };

/** A listening socket, and whether an accept is pending on it. */
interface Accepting {
  listener: Deno.TlsListener;
  isPending: boolean;
}

/**
 * A listener that runs each handshake as part of the first read, so that none delays another.
 *
 * A listener of the runtime keeps its certificate for life, so a new certificate needs a second
 * socket. The old one is still accepted from until connections on their way to it have arrived.
 */
export class TlsListener implements Listener {
  readonly address: string;
  readonly port: number;
  readonly #options: TlsOptions;
  readonly #accepting: Accepting[] = [];
  /** Closes the listeners with old certificates. */
  #oldTimer: ReturnType<typeof setTimeout> | undefined;
  /** Connections that one listener accepted while another one answered the call of `accept`. */
  readonly #ready: Deno.TlsConn[] = [];
  #waiting: PromiseWithResolvers<Deno.TlsConn> | undefined;
  #isClosed = false;
  readonly #overdue = new Overdue();

  /** @throws the system's error when the address cannot be bound, InvalidData for a bad certificate */
  constructor(options: Omit<TlsOptions, "alpnProtocols">) {
    const all: TlsOptions = { ...options, alpnProtocols: ["http/1.1"] };
    const listener = Deno.listenTls(all);
    this.#accepting.push({ listener, isPending: false });
    const { hostname, port } = listener.addr as Deno.NetAddr;
    this.#options = { ...all, hostname: options.hostname, port };
    this.port = port;
    this.address = formatHostPort(hostname, port);
  }

  renew(certificate: Certificate): void {
    if (this.#isClosed) return;
    const listener = Deno.listenTls({ ...this.#options, ...certificate, reusePort: true });
    this.#accepting.push({ listener, isPending: false });
    if (this.#waiting !== undefined) this.#acceptAll();
    // All old ones are closed at once, because the kernel renumbers the sockets of a port when one
    // of them leaves.
    clearTimeout(this.#oldTimer);
    this.#oldTimer = setTimeout(() => {
      for (const { listener } of this.#accepting.splice(0, this.#accepting.length - 1)) {
        closeIfOpen(listener);
      }
    }, OLD_MS);
    Deno.unrefTimer(this.#oldTimer);
  }

  #acceptAll(): void {
    for (const one of this.#accepting) {
      if (one.isPending) continue;
      one.isPending = true;
      one.listener.accept().then(
        (conn) => {
          one.isPending = false;
          if (this.#isClosed) return conn.close();
          if (this.#waiting === undefined) return void this.#ready.push(conn);
          this.#waiting.resolve(conn);
          this.#waiting = undefined;
        },
        (error) => {
          one.isPending = false;
          // An old listener was closed.
          if (!this.#isClosed && !this.#accepting.includes(one)) return;
          this.#waiting?.reject(error);
          this.#waiting = undefined;
        },
      );
    }
  }

  #accept(): Deno.TlsConn | Promise<Deno.TlsConn> {
    const ready = this.#ready.shift();
    if (ready !== undefined) return ready;
    this.#waiting = Promise.withResolvers();
    const { promise } = this.#waiting;
    this.#acceptAll();
    return promise;
  }

  async accept(): Promise<Accepted> {
    const conn = await this.#accept();
    const { hostname, port } = conn.remoteAddr;
    const peer = `${hostname}:${port}`;
    this.#overdue.delete(peer);
    return { stream: new TlsStream(conn, () => this.#overdue.add(peer)), peer: hostname };
  }

  set onOverdue(tell: (peers: Set<string>) => void) {
    this.#overdue.onOverdue = tell;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#oldTimer);
    for (const { listener } of this.#accepting) closeIfOpen(listener);
    for (const conn of this.#ready.splice(0)) conn.close();
  }
}

function closeIfOpen(listener: Deno.TlsListener): void {
  try {
    listener.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}

/** A connection over TLS. */
class TlsStream implements Stream {
  readonly #conn: Deno.TlsConn;
  readonly #turns = new ReadTurns();
  readonly #onClose: () => void;

  constructor(conn: Deno.TlsConn, onClose: () => void) {
    this.#conn = conn;
    this.#onClose = onClose;
  }

  async read(view: Uint8Array): Promise<number | null> {
    try {
      await this.#turns.ask();
      return await this.#conn.read(view);
    } catch (error) {
      // A FIN without close_notify is accepted: messages have lengths, so truncation is noticed.
      if (error instanceof Deno.errors.UnexpectedEof) return null;
      throw peerFault(error);
    }
  }

  async write(view: Uint8Array): Promise<number> {
    try {
      return await this.#conn.write(view);
    } catch (error) {
      throw peerFault(error);
    }
  }

  wasHeldUp(): boolean {
    return this.#turns.wasHeldUp();
  }

  closeWrite(): Promise<void> {
    return this.#conn.closeWrite();
  }

  close(): void {
    this.#turns.end();
    this.#conn.close();
    this.#onClose();
  }
}

/**
 * A peer that breaks TLS (an alert, bytes that are not TLS) is treated like one that resets the
 * connection.
 */
function peerFault(error: unknown): unknown {
  return error instanceof Deno.errors.InvalidData
    ? new Deno.errors.ConnectionReset(error.message)
    : error;
}
