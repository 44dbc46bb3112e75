/** The place of a connection: it may be open, being opened, or empty. */
import type { ClientSocket, SocketEvents } from "../load/socket.ts";
import type { Endpoint } from "./target.ts";

/** Callbacks for events on a link; see `SocketEvents`. */
export interface LinkOwner {
  opened(link: HttpLink): void;
  received(link: HttpLink, count: number): void;
  ended(link: HttpLink): void;
  failed(link: HttpLink, error: Error): void;
}

/** A client's connection to one endpoint, or the place for one. */
export class HttpLink implements SocketEvents {
  socket: ClientSocket | null = null;
  isOpen = false;

  constructor(
    readonly client: LinkOwner,
    readonly endpoint: Endpoint,
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

  /** Nobody waits for the end of a request: the response tells. */
  sent(): void {}

  ended(): void {
    this.client.ended(this);
  }

  failed(error: Error): void {
    this.client.failed(this, error);
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
