/** The server to be judged, as procedures see it. */
import type { Protocol } from "./protocol.ts";

/** What the kernel reports about the server's process; see `process.ts`. */
export interface ServerProcess {
  readonly pid: number;
  /** Open descriptors of it and its children; null where they cannot be read. */
  descriptors(): number | null;
  /** Threads of it and its children. */
  threads(): number | null;
  /** Resident memory of it and its children in bytes. */
  memoryBytes(): number | null;
  /** CPU time that it and its children used so far, in µs. */
  cpuUs(): number | null;
  /** Children that ended and were not waited for. */
  zombies(): number | null;
}

/** Started the server, and can restart it; see `supervisor.ts`. */
export interface Supervisor {
  /** How the server's process ended, as `exit code 1` or `SIGSEGV`; undefined while it runs. */
  readonly ended: string | undefined;
  /** Starts it again and waits until it accepts connections. @throws when it does not */
  restart(): Promise<void>;
  /**
   * Sends SIGTERM and waits. @returns how it ended, and after how long; null if it did not end in
   * time
   */
  terminate(timeoutMs: number): Promise<{ how: string; afterMs: number } | null>;
}

/** The server, and how to test it. */
export interface Target {
  kind: "http" | "echo";
  /** As the user wrote it. */
  name: string;
  address: { hostname: string; port: number };
  protocol: Protocol;
  /** Longest wait for one thing, in ms. */
  timeoutMs: number;
  /** Aborted when the judge should stop. */
  signal: AbortSignal;
  /** Set if it runs on this machine and its process may be read. */
  process?: ServerProcess;
  /** Set with `--exec`. */
  supervisor?: Supervisor;
}

/** The server does not accept connections. */
export class ServerGone extends Error {
  override name = "ServerGone";
}
