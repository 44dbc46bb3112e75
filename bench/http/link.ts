/** The place of a connection, which may be open, being opened, or empty. */
import type { ClientSocket, OpenSocket, SocketEvents } from "../load/socket.ts";
import type { Endpoint } from "./target.ts";
import type { Rotation } from "./origins.ts";

/** Callbacks for events on a link; see `SocketEvents`. */
export interface LinkOwner {
  opened(link: HttpLink): void;
  received(link: HttpLink, count: number): void;
  ended(link: HttpLink): void;
  failed(link: HttpLink, error: Error): void;
}

/** A client's connection to one server, or the place for one. */
export class HttpLink implements SocketEvents {
  socket: ClientSocket | null = null;
  isOpen = false;
  /** The endpoint of the present or last connection. */
  endpoint!: Endpoint;

  constructor(
    readonly client: LinkOwner,
    /** The endpoints of the next connections; shared by all links of a thread to that server. */
    readonly rotation: Rotation,
    /** Address of its block. */
    public conn: number,
    readonly input: Uint8Array,
  ) {}

  opened(): void {
    this.client.opened(this);
  }

  received(count: number): void {
    this.client.received(this, count);
  }

  /** Nothing waits for the end of sending; the response is what counts. */
  sent(): void {}

  ended(): void {
    this.client.ended(this);
  }

  failed(error: Error): void {
    this.client.failed(this, error);
  }

  /** Opens a connection to the endpoint whose turn it is. @returns its socket */
  connect(openSocket: OpenSocket<Endpoint>): ClientSocket {
    this.endpoint = this.rotation.next();
    return this.socket = openSocket(this.endpoint, this.input, this);
  }

  /** Closes the connection, if there is one. */
  disconnect(): void {
    this.socket?.close();
    this.empty();
  }

  /** Notes that there is no connection any more. */
  empty(): void {
    this.socket = null;
    this.isOpen = false;
  }
}
