/** Where a server listens, as plain data. */

/** A socket that another process has opened, and that is already listening. */
export interface PassedSocket {
  /** Its descriptor in this process. */
  fd: number;
  /** `127.0.0.1:8081`, `[::1]:8081` or `unix:/path`. */
  address: string;
  /** 0 for a Unix domain socket. */
  port: number;
}

/** Where a server listens: TCP, or a Unix domain socket when `path` is given. */
export interface ListenOptions {
  /** A name or an address; `0.0.0.0` and `::` mean all addresses. */
  hostname: string;
  /** 0: the system chooses. */
  port: number;
  /** Length of the accept queue; the kernel caps it at `net.core.somaxconn`. */
  backlog: number;
  /** Path of a Unix domain socket, instead of TCP. */
  path?: string;
  /**
   * Listens on these instead; requires an engine that makes its own system calls. All have the same
   * address. A thread listens on one of them; several threads can share one.
   */
  passed?: readonly PassedSocket[];
  /** SO_REUSEPORT: several listeners on one port, between which the kernel spreads connections. */
  reusePort?: boolean;
  /** Speak TLS (TCP only). */
  tls?: Certificate;
}

/** A certificate chain and its private key, both PEM. */
export interface Certificate {
  /** The certificate first, then its chain towards the root. */
  cert: string;
  /** The key of the first certificate. */
  key: string;
}
