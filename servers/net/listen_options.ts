/** Where a server listens, as plain data. */

/** Where a server listens: TCP, or a Unix domain socket when `path` is given. */
export interface ListenOptions {
  /** A name or an address; `0.0.0.0` and `::` are all of them. */
  hostname: string;
  /** 0: the system chooses. */
  port: number;
  /** Length of the accept queue; the kernel caps it at `net.core.somaxconn`. */
  backlog: number;
  /** Path of a Unix domain socket, instead of TCP. */
  path?: string;
  /** SO_REUSEPORT: several listeners on one port, between which the kernel spreads connections. */
  reusePort?: boolean;
  /** Speak TLS (TCP only). */
  tls?: Certificate;
}

/** A certificate chain and its private key, both PEM. */
export interface Certificate {
  /** The certificate first, then those that lead to its root. */
  cert: string;
  /** The key of the first. */
  key: string;
}
