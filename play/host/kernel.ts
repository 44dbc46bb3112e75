/** The observer of `ktcp play`: what the kernel shows of processes, of sockets, and of the network. */
import { KernelCounterReader } from "../../system/netstat.ts";
import { ProcessReader } from "../../system/linux/process_reader.ts";
import { PortWatch } from "../../system/sockets/port_watch.ts";
import type { KernelView, ProcessView, SocketView } from "../protocol.ts";
import type { Observer } from "./children.ts";

/** Share of the time that counting sockets by state may take: the more there are, the rarer it is. */
const SOCKETS_SHARE = 0.02;

/** Reads `/proc` and sock_diag; where there is neither, nothing is known. */
export class KernelObserver implements Observer {
  readonly #counters = new KernelCounterReader();
  readonly #ports = Deno.build.os === "linux" ? new PortWatch({ share: SOCKETS_SHARE }) : undefined;
  /** By process. */
  readonly #readers = new Map<number, ProcessReader>();

  process(pid: number): ProcessView | null {
    let reader = this.#readers.get(pid);
    if (reader === undefined) this.#readers.set(pid, reader = new ProcessReader(pid));
    const view = reader.read();
    if (view === null) this.forget(pid);
    return view;
  }

  sockets(ports: readonly number[]): (SocketView | null)[] {
    const sockets = this.#read(ports);
    return ports.map((port) => {
      const found = sockets?.get(port);
      if (found === undefined) return null;
      const { acceptQueue, synQueue, states } = found;
      return { acceptQueue, synQueue, states: states as Record<string, number> };
    });
  }

  #read(ports: readonly number[]): ReturnType<PortWatch["read"]> | undefined {
    try {
      return this.#ports?.read(ports);
    } catch {
      // Neither sock_diag nor /proc/net/tcp.
      return undefined;
    }
  }

  kernel(): KernelView | null {
    const counters = this.#counters.read();
    if (counters === null) return null;
    const { synRetransmits, retransmits, listenOverflows, listenDrops } = counters;
    return { synRetransmits, retransmits, listenOverflows, listenDrops };
  }

  /** Another process may get its pid later. */
  forget(pid: number): void {
    this.#readers.get(pid)?.[Symbol.dispose]();
    this.#readers.delete(pid);
  }

  close(): void {
    for (const pid of this.#readers.keys()) this.forget(pid);
    this.#counters[Symbol.dispose]();
    this.#ports?.[Symbol.dispose]();
  }
}
