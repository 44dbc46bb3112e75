/**
 * The kernel's counters of failures before a connection exists: retransmitted SYNs and overflows of
 * accept queues. They belong to the network namespace, so they include other traffic.
 */
import { ProcFile, readProc } from "./proc.ts";

/** Counters of the network namespace, or how much they grew. See netstat(8), RFC 1213 for Tcp. */
export interface KernelCounters {
  /**
   * Retransmitted SYN and SYN-ACK segments, the first after one second (`TcpExt: TCPSynRetrans`).
   */
  synRetransmits: number;
  /** Handshakes that found the accept queue full (`TcpExt: ListenOverflows`). */
  listenOverflows: number;
  /** Handshakes dropped for any reason, overflows included (`TcpExt: ListenDrops`). */
  listenDrops: number;
  /** All retransmitted segments (`Tcp: RetransSegs`). */
  retransmits: number;
  /** Connections that failed during the handshake (`Tcp: AttemptFails`). */
  attemptFails: number;
}

/** Where counters are in `/proc/net/netstat` and `/proc/net/snmp`, by the names used here. */
export type CounterSources<Name extends string> = Readonly<
  Record<Name, readonly [group: string, counter: string]>
>;

const SOURCES: CounterSources<keyof KernelCounters> = {
  synRetransmits: ["TcpExt", "TCPSynRetrans"],
  listenOverflows: ["TcpExt", "ListenOverflows"],
  listenDrops: ["TcpExt", "ListenDrops"],
  retransmits: ["Tcp", "RetransSegs"],
  attemptFails: ["Tcp", "AttemptFails"],
};

/**
 * Extracts the counters of `sources` from the texts; counters that the kernel lacks are 0. The
 * format of `/proc/net/netstat` and `/proc/net/snmp`: pairs of lines with the same prefix, the
 * first with names, the second with values.
 */
export function parseCounters<Name extends string>(
  sources: CounterSources<Name>,
  { netstat, snmp }: { netstat: string; snmp: string },
): Record<Name, number> {
  const text = `\n${netstat}\n${snmp}\n`;
  // A group has more than a hundred counters, of which only a few are needed.
  const groups = new Map<string, { names: string[]; values: string[] }>();
  const groupOf = (group: string) => {
    let found = groups.get(group);
    if (found === undefined) {
      const [, names = "", values = ""] = new RegExp(`\n${group}: (.*)\n${group}: (.*)\n`)
        .exec(text) ?? [];
      found = { names: names.split(" "), values: values.split(" ") };
      groups.set(group, found);
    }
    return found;
  };
  return mapValues(sources, ([group, counter]) => {
    const { names, values } = groupOf(group);
    return Number(values[names.indexOf(counter)] ?? 0);
  });
}

/**
 * Reads the counters of `sources` as they are now; null if the kernel has none (not Linux).
 *
 * @param folder the folder of the files; default: that of this process's namespace
 */
export function readCounters<Name extends string>(
  sources: CounterSources<Name>,
  folder = "/proc/net",
): Record<Name, number> | null {
  const netstat = readProc(`${folder}/netstat`);
  const snmp = readProc(`${folder}/snmp`);
  return netstat === null || snmp === null ? null : parseCounters(sources, { netstat, snmp });
}

/** The counters of {@linkcode KernelCounters} in the texts. */
export function parseKernelCounters(netstat: string, snmp: string): KernelCounters {
  return parseCounters(SOURCES, { netstat, snmp });
}

/** Reads the counters as they are now; null if the kernel has none (not Linux). */
export function readKernelCounters(): KernelCounters | null {
  return readCounters(SOURCES);
}

/** Reads the counters repeatedly. */
export class KernelCounterReader implements Disposable {
  readonly #netstat = new ProcFile("/proc/net/netstat");
  readonly #snmp = new ProcFile("/proc/net/snmp");

  /** The counters as they are now; null if the kernel has none (not Linux). */
  read(): KernelCounters | null {
    const netstat = this.#netstat.read();
    const snmp = this.#snmp.read();
    return netstat === null || snmp === null ? null : parseKernelCounters(netstat, snmp);
  }

  /** Closes the files. */
  [Symbol.dispose](): void {
    this.#netstat[Symbol.dispose]();
    this.#snmp[Symbol.dispose]();
  }
}

/** The growth of each counter from `before` to `after`; null if either is unknown. */
export function counterGrowth<Name extends string>(
  before: Readonly<Record<Name, number>> | null,
  after: Readonly<Record<Name, number>> | null,
): Record<Name, number> | null {
  if (!before || !after) return null;
  return mapValues(after, (value, name) => value - before[name]);
}

function mapValues<Name extends string, From, To>(
  record: Readonly<Record<Name, From>>,
  map: (value: From, name: Name) => To,
): Record<Name, To> {
  const entries = Object.entries(record) as [Name, From][];
  return Object.fromEntries(entries.map(([name, value]) => [name, map(value, name)])) as Record<
    Name,
    To
  >;
}
