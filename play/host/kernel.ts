/** The observer of `ktcp play`: what the kernel tells of processes, of sockets, and of the network. */
import { readKernelCounters } from "../../system/netstat.ts";
import { ProcessReader } from "../../system/linux/process_reader.ts";
import { PortWatch } from "../../system/sockets/port_watch.ts";
import type { KernelView, ProcessView, SocketView } from "../protocol.ts";
import type { Observer } from "./children.ts";

/** Reads `/proc` and sock_diag; where there is neither, nothing is known. */
export class KernelObserver implements Observer {
  readonly #ports = Deno.build.os === "linux" ? new PortWatch() : undefined;
  /** By process. */
  readonly #readers = new Map<number, ProcessReader>();

  process(pid: number): ProcessView | null {
    let reader = this.#readers.get(pid);
    if (reader === undefined) this.#readers.set(pid, reader = new ProcessReader(pid));
    const view = reader.read();
    // It has ended.
    if (view === null) this.#readers.delete(pid);
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
    const counters = readKernelCounters();
    if (counters === null) return null;
    const { synRetransmits, retransmits, listenOverflows, listenDrops } = counters;
    return { synRetransmits, retransmits, listenOverflows, listenDrops };
  }

  close(): void {
    this.#ports?.[Symbol.dispose]();
  }
}
