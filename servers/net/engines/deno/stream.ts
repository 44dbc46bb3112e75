/** Byte streams of the runtime, and where they come from. `Deno.Conn` is a `Stream`. */

import type { Certificate } from "../../listen_options.ts";

/** One connection. All views may be of shared Wasm memory. */
export interface Stream {
  /** Receives into `view`. @returns how many bytes; `null` or 0 when the peer has sent its FIN */
  read(view: Uint8Array): Promise<number | null>;
  /** Sends from `view`. @returns how many bytes were taken, possibly not all */
  write(view: Uint8Array): Promise<number>;
  /** Sends a FIN; receiving goes on. */
  closeWrite(): Promise<void>;
  close(): void;
  /**
   * Whether the present read waits, or has waited since the last call, for its turn among many busy
   * sockets of its thread, so that what the peer sent may still be in the kernel. Absent: it never
   * does.
   */
  wasHeldUp?(): boolean;
}

/** A listening socket. */
export interface Listener {
  /** `127.0.0.1:8081`, `[::1]:8081` or `unix:/path`. */
  readonly address: string;
  /** The port that was bound, 0 for a Unix domain socket. */
  readonly port: number;
  accept(): Promise<Accepted>;
  close(): void;
  /**
   * Uses another certificate for new connections, on a second socket beside the present one.
   * Absent: the listener does not speak TLS.
   *
   * @throws the system's error when it cannot listen, InvalidData for a bad certificate
   */
  renew?(certificate: Certificate): void;
  /**
   * Called with peers, as `address:port`, whose streams were closed here but whose sockets may
   * still be open. Only an engine that cannot close them itself calls it.
   */
  onOverdue?: (peers: Set<string>) => void;
}

/** A connection and its peer. */
export interface Accepted {
  stream: Stream;
  /** The peer's address without port; empty for a Unix domain socket. */
  peer: string;
}
