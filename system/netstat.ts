/**
 * The kernel's own count of what goes wrong before a connection exists: SYNs sent again and accept
 * queues that overflow. The counters belong to the network namespace, so traffic of others counts.
 */
import { readProc } from "./proc.ts";

/** Counters of the network namespace, or how much they grew. See netstat(8), RFC 1213 for Tcp. */
export interface KernelCounters {
  /** SYN and SYN-ACK segments sent again, after a second at first (`TcpExt: TCPSynRetrans`). */
  synRetransmits: number;
  /** Handshakes that found the accept queue full (`TcpExt: ListenOverflows`). */
  listenOverflows: number;
  /** Handshakes dropped for any reason, overflows included (`TcpExt: ListenDrops`). */
  listenDrops: number;
  /** All segments sent again (`Tcp: RetransSegs`). */
  retransmits: number;
  /** Connections that failed during the handshake (`Tcp: AttemptFails`). */
  attemptFails: number;
}

/** Where counters stand in `/proc/net/netstat` and `/proc/net/snmp`, by the names they are given. */
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
 * Parses the format of `/proc/net/netstat` and `/proc/net/snmp`: pairs of lines with the same
 * prefix, the first with names, the second with values.
 *
 * @returns group → counter → value
 */
export function parseNetstat(text: string): Map<string, Map<string, number>> {
  const groups = new Map<string, Map<string, number>>();
  const lines = text.split("\n").filter((line) => line.includes(":"));
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const [group, ...names] = lines[i].trim().split(/:?\s+/);
    const [, ...values] = lines[i + 1].trim().split(/:?\s+/);
    groups.set(group, new Map(names.map((name, k) => [name, Number(values[k])])));
  }
  return groups;
}

/** Picks the counters of `sources` from the texts; what the kernel does not count is 0. */
export function parseCounters<Name extends string>(
  sources: CounterSources<Name>,
  { netstat, snmp }: { netstat: string; snmp: string },
): Record<Name, number> {
  const groups = new Map([...parseNetstat(netstat), ...parseNetstat(snmp)]);
  return mapValues(sources, ([group, counter]) => groups.get(group)?.get(counter) ?? 0);
}

/**
 * Reads the counters of `sources` as they are now; null where the kernel shows none (not Linux).
 *
 * @param folder of the files; the default is of the namespace of this process
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

/** Reads the counters as they are now; null where the kernel shows none (not Linux). */
export function readKernelCounters(): KernelCounters | null {
  return readCounters(SOURCES);
}

/** How much each counter grew from `before` to `after`; null when one of them is unknown. */
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
