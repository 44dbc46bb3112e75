/** What the session needs of the processes that it starts, and of the kernel. */
import type { LoadSample } from "../../bench/load_sample.ts";
import type { ServerSample } from "../../servers/models/server_sample.ts";
import type { StartTraced } from "./glass.ts";
import type {
  KernelView,
  LoadSetup,
  LoadView,
  ProcessView,
  ServerSetup,
  SocketView,
} from "../protocol.ts";

/** A process could not be started; the message tells the user why. */
export class StartError extends Error {
  override name = "StartError";
}

/** A server that listens, in a process of its own. */
export interface ServerChild {
  pid: number;
  port: number;
  /** Resolves when it has ended; `lastLine` is what it wrote last, which says why. */
  ended: Promise<{ code: number; lastLine: string }>;
  /** Lets it finish what is in flight, and ends it. */
  stop(): Promise<unknown>;
}

/** A load, in a process of its own. */
export interface LoadChild {
  pid: number;
  /** Silent and slow clients beside it: how many are open (or were at its end), and were closed. */
  readonly held: LoadView["held"];
  /** Why some of them could not be opened; undefined while all could. */
  readonly heldFailure: string | undefined;
  /** Resolves when it has ended. `result`: its JSON document; null when it could not begin. */
  ended: Promise<{ code: number; lastLine: string; result: Record<string, unknown> | null }>;
  /** Ends it early: what it has measured is its result. */
  stop(): Promise<unknown>;
}

/** Where a load goes. */
export interface LoadTarget {
  setup: ServerSetup;
  port: number;
}

/** Starts processes. They end with this one, also when this one is killed. */
export interface Launcher {
  /** Starts a server that traces its connections. @throws {StartError} when it does not come up */
  startTraced: StartTraced;
  /** @throws {StartError} when it does not come up */
  startServer(setup: ServerSetup, onSample: (sample: ServerSample) => void): Promise<ServerChild>;
  /** @throws {StartError} when there is no such program */
  startLoad(
    target: LoadTarget,
    load: LoadSetup,
    onSample: (sample: LoadSample) => void,
  ): LoadChild;
}

/** Reads what the kernel knows; null where the kernel does not show it. */
export interface Observer {
  process(pid: number): ProcessView | null;
  /** The process has ended: releases what was kept to read it. */
  forget(pid: number): void;
  /** The sockets of each of `ports`, read at once. */
  sockets(ports: readonly number[]): (SocketView | null)[];
  kernel(): KernelView | null;
  /** Releases what it holds; nothing is read afterwards. */
  close(): void;
}
