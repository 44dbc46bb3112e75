/** The server that is judged, as procedures see it. */
import type { Protocol } from "./protocol.ts";

/** What the kernel tells of the server's process; see `process.ts`. */
export interface ServerProcess {
  readonly pid: number;
  /** Open descriptors of it and its children; null where that cannot be read. */
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

/** Who started the server, and can start it again; see `supervisor.ts`. */
export interface Supervisor {
  /** How the server's process ended, as `exit code 1` or `SIGSEGV`; undefined while it runs. */
  readonly ended: string | undefined;
  /** Starts it again and waits until it accepts connections. @throws when it does not */
  restart(): Promise<void>;
  /** Sends SIGTERM and waits. @returns how it ended and after how long; null when it did not */
  terminate(timeoutMs: number): Promise<{ how: string; afterMs: number } | null>;
}

/** The server, and how it may be treated. */
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
  /** Where it is on this machine and may be looked at. */
  process?: ServerProcess;
  /** With `--exec`. */
  supervisor?: Supervisor;
}

/** The server does not accept connections. */
export class ServerGone extends Error {
  override name = "ServerGone";
}
