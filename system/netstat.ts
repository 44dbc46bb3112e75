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

const SOURCES: Record<keyof KernelCounters, [group: string, counter: string]> = {
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

/** Picks ktcp's counters from the texts of `/proc/net/netstat` and `/proc/net/snmp`. */
export function parseKernelCounters(netstat: string, snmp: string): KernelCounters {
  const groups = new Map([...parseNetstat(netstat), ...parseNetstat(snmp)]);
  const entries = Object.entries(SOURCES).map(([key, [group, counter]]) =>
    [key, groups.get(group)?.get(counter) ?? 0] as const
  );
  return Object.fromEntries(entries) as unknown as KernelCounters;
}

/** Reads the counters as they are now; null where the kernel shows none (not Linux). */
export function readKernelCounters(): KernelCounters | null {
  const netstat = readProc("/proc/net/netstat");
  const snmp = readProc("/proc/net/snmp");
  return netstat === null || snmp === null ? null : parseKernelCounters(netstat, snmp);
}

/** How much each counter grew from `before` to `after`; null when one of them is unknown. */
export function counterGrowth(
  before: KernelCounters | null,
  after: KernelCounters | null,
): KernelCounters | null {
  if (!before || !after) return null;
  const keys = Object.keys(SOURCES) as (keyof KernelCounters)[];
  const entries = keys.map((key) => [key, after[key] - before[key]]);
  return Object.fromEntries(entries) as KernelCounters;
}
