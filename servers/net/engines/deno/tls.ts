/**
 * Streams over TLS: `Deno.listenTls`, with HTTP/1.1 as the only protocol it offers (ALPN).
 */
import { ReadTurns } from "../../../../system/read_turns.ts";
import type { Certificate } from "../../listen_options.ts";
import type { Accepted, Listener, Stream } from "./stream.ts";
import { Overdue } from "./overdue.ts";
import { formatHostPort } from "../../../../system/address.ts";

/** Options that the type definitions of `Deno.listenTls` leave out. */
type TlsOptions = Deno.ListenTlsOptions & Certificate & { tcpBacklog: number };

/** A listener whose handshakes run as part of the first read, so that none delays another. */
export class TlsListener implements Listener {
  readonly address: string;
  readonly port: number;
  readonly #listener: Deno.TlsListener;
  readonly #overdue = new Overdue();

  /** @throws the system's error when the address cannot be bound, InvalidData for a bad certificate */
  constructor(options: Omit<TlsOptions, "alpnProtocols">) {
    const all: TlsOptions = { ...options, alpnProtocols: ["http/1.1"] };
    this.#listener = Deno.listenTls(all);
    const { hostname, port } = this.#listener.addr as Deno.NetAddr;
    this.port = port;
    this.address = formatHostPort(hostname, port);
  }

  async accept(): Promise<Accepted> {
    const conn = await this.#listener.accept();
    const { hostname, port } = conn.remoteAddr;
    const peer = `${hostname}:${port}`;
    this.#overdue.delete(peer);
    return { stream: new TlsStream(conn, () => this.#overdue.add(peer)), peer: hostname };
  }

  set onOverdue(tell: (peers: Set<string>) => void) {
    this.#overdue.onOverdue = tell;
  }

  close(): void {
    this.#listener.close();
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
      // A FIN without close_notify is accepted: messages have lengths, so a cut is noticed.
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

/** A peer that breaks off TLS (an alert, bytes that are no TLS) is treated as one that resets. */
function peerFault(error: unknown): unknown {
  return error instanceof Deno.errors.InvalidData
    ? new Deno.errors.ConnectionReset(error.message)
    : error;
}
