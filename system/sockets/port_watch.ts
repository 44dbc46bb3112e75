/**
 * Reads the sockets of some ports repeatedly: the queues of their listeners, and the number of
 * sockets by state. IPv4.
 *
 * Listeners are few, and the kernel keeps them separately: reading them costs 30 µs. All others are
 * in a hash table that the kernel walks completely, for one to two milliseconds, plus a microsecond
 * for each socket. So the others are counted only as often as their cost allows, so that counting
 * does not slow down a machine with ten thousand sockets.
 */
import { LibcError, SystemError } from "../linux/libc.ts";
import { readThreadClockUs } from "../linux/process_clock.ts";
import type { StateCounts } from "./count.ts";
import type { SocketFilter } from "./filter.ts";
import { readProcNet } from "./list.ts";
import { SockDiag } from "./sock_diag.ts";
import { type State, stateFromNumber, STATES } from "./state.ts";

/** The sockets of a port, at either end. */
export interface PortSockets {
  /**
   * Connections that wait to be accepted, and the most that may wait, over all listeners of the
   * port; null without a listener, or if the limit is unknown.
   */
  acceptQueue: { length: number; limit: number } | null;
  /** Sockets in SYN-RECV: handshakes that wait for their last segment. */
  synQueue: number;
  /** Sockets by state: those of servers and those of clients on this machine. */
  states: StateCounts;
  /** When states were counted, in ms since the epoch; the accept queue is current. */
  countedAtMs: number;
}

/** What is read of a socket. */
interface SeenSocket {
  state: State;
  localPort: number;
  remotePort: number;
  /**
   * For a listener, the connections that wait to be accepted, and the most that may; null if
   * unknown.
   */
  recvQ: number;
  sendQ: number | null;
}

/** Lists the sockets that pass a filter. */
type Source = (filter: SocketFilter, onSocket: (socket: SeenSocket) => void) => void;

/** The share of a CPU's time that counting may take. */
const DEFAULT_SHARE = 0.03;

const LISTENING: ReadonlySet<State> = new Set(["listening"]);
const OTHERS: ReadonlySet<State> = new Set(STATES.filter((state) => state !== "listening"));

/** Watches ports. */
export class PortWatch implements Disposable {
  readonly #share: number;
  readonly #now: () => number;
  readonly #cpu: () => number;
  readonly #diag: SockDiag | undefined;
  readonly #source: Source;
  #counted = new Map<number, StateCounts>();
  #countedAtMs = 0;
  /** When states may be counted again. */
  #dueMs = -Infinity;

  /**
   * Opens sock_diag; if that is not available, `/proc/net/tcp` is read, which costs several times
   * as much and lacks the limits of accept queues.
   *
   * @param options `share`: the share of a CPU's time that counting may take; for tests: `open`,
   * and in ms `now` and `cpu`, the CPU time of this thread
   */
  constructor(
    {
      share = DEFAULT_SHARE,
      open = () => new SockDiag(),
      now = () => performance.now(),
      cpu = threadCpuMs,
    } = {},
  ) {
    this.#share = share;
    this.#now = now;
    this.#cpu = cpu;
    const diag = opened(open);
    if (typeof diag === "string") {
      this.#source = (filter, onSocket) => readProcNet(filter, diag).forEach(onSocket);
    } else {
      this.#diag = diag;
      this.#source = diagSource(diag);
    }
  }

  [Symbol.dispose](): void {
    this.#diag?.[Symbol.dispose]();
  }

  /**
   * The sockets of each of `ports` now; their states may have been counted a little earlier, but
   * not before all of the ports were first requested.
   *
   * @throws {Error} if there is neither sock_diag nor `/proc/net/tcp`
   */
  read(ports: readonly number[]): Map<number, PortSockets> {
    if (ports.length === 0) return new Map();
    const wanted = new Set(ports);
    const isDue = this.#now() >= this.#dueMs || ports.some((port) => !this.#counted.has(port));
    if (isDue) this.#count(wanted);
    const queues = this.#queues(wanted);
    return new Map(ports.map((port) => {
      const { listeners, acceptQueue } = queues.get(port) ?? { listeners: 0, acceptQueue: null };
      const others = this.#counted.get(port)!;
      const states = listeners === 0 ? others : { ...others, listening: listeners };
      const synQueue = others["syn-recv"] ?? 0;
      return [port, { acceptQueue, synQueue, states, countedAtMs: this.#countedAtMs }];
    }));
  }

  #count(ports: ReadonlySet<number>): void {
    const startMs = this.#now();
    const startCpuMs = this.#cpu();
    const counted = new Map<number, StateCounts>();
    for (const port of ports) counted.set(port, {});
    this.#source({ states: OTHERS, ports }, ({ state, localPort, remotePort }) => {
      const counts = counted.get(localPort) ?? counted.get(remotePort)!;
      counts[state] = (counts[state] ?? 0) + 1;
    });
    this.#counted = counted;
    this.#countedAtMs = performance.timeOrigin + performance.now();
    // CPU time, not elapsed time: on a busy machine most of that is spent waiting for a CPU.
    this.#dueMs = startMs + (this.#cpu() - startCpuMs) / this.#share;
  }

  /** The number of listeners of each port, and their combined queues. */
  #queues(ports: ReadonlySet<number>) {
    const queues = new Map<number, Pick<PortSockets, "acceptQueue"> & { listeners: number }>();
    this.#source({ states: LISTENING, ports }, ({ localPort, recvQ, sendQ }) => {
      const before = queues.get(localPort) ?? { listeners: 0, acceptQueue: null };
      const { length, limit } = before.acceptQueue ?? { length: 0, limit: 0 };
      queues.set(localPort, {
        listeners: before.listeners + 1,
        acceptQueue: sendQ === null ? null : { length: length + recvQ, limit: limit + sendQ },
      });
    });
    return queues;
  }
}

/** CPU time of this thread; elapsed time if that is unknown. */
function threadCpuMs(): number {
  const us = readThreadClockUs();
  return us === null ? performance.now() : us / 1000;
}

/** @returns why there is no sock_diag, if there is none */
function opened(open: () => SockDiag): SockDiag | string {
  try {
    const diag = open();
    // Some kernels create the socket but do not support TCP in it.
    diag.visit({ states: LISTENING, ports: new Set([1]) }, () => {});
    return diag;
  } catch (error) {
    if (error instanceof LibcError || error instanceof SystemError) return error.message;
    throw error;
  }
}

function diagSource(diag: SockDiag): Source {
  const seen: SeenSocket = { state: "closed", localPort: 0, remotePort: 0, recvQ: 0, sendQ: 0 };
  return (filter, onSocket) =>
    diag.visit(filter, (message) => {
      seen.state = stateFromNumber(message.state)!;
      seen.localPort = message.localPort;
      seen.remotePort = message.remotePort;
      seen.recvQ = message.receiveQueue;
      seen.sendQ = message.sendQueue;
      onSocket(seen);
    });
}
