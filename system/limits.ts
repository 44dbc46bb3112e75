/** The kernel's limits: pure parsers, and the functions that read them. */
import { readProc } from "./proc.ts";

/** The limits of this process and machine; null where unknown. */
export interface SystemLimits {
  /** RLIMIT_NOFILE of this process, soft and hard (`ulimit -Sn`, `-Hn`); Infinity: unlimited. */
  openFiles: { soft: number; hard: number } | null;
  /** The most that the hard limit can be set to (`fs.nr_open`). */
  maxOpenFiles: number | null;
  /** Longest accept queue (`net.core.somaxconn`). */
  somaxconn: number | null;
  /** Half-open connections per listener (`net.ipv4.tcp_max_syn_backlog`). */
  synBacklog: number | null;
  /** `net.ipv4.tcp_syncookies`: above 0, listen(2) ignores `tcp_max_syn_backlog`. */
  synCookies: number | null;
  /** First and last local port of outgoing connections (`net.ipv4.ip_local_port_range`). */
  portRange: [first: number, last: number] | null;
  /** `net.ipv4.tcp_tw_reuse`: 0 never, 1 always, 2 on loopback. */
  twReuse: number | null;
  cores: number;
  /** Bytes available without swapping, within the control group's limit. */
  memoryBytes: number | null;
}

/** The soft and hard limit of `name` in the text of `/proc/self/limits`. */
export function parseProcessLimit(
  text: string,
  name: string,
): { soft: number; hard: number } | null {
  const line = text.split("\n").find((line) => line.startsWith(name));
  const match = line && /^\s+(\d+|unlimited)\s+(\d+|unlimited)/.exec(line.slice(name.length));
  if (!match) return null;
  const number = (word: string) => word === "unlimited" ? Infinity : Number(word);
  return { soft: number(match[1]), hard: number(match[2]) };
}

/** `MemAvailable` in the text of `/proc/meminfo`, in bytes. */
export function parseAvailableMemory(text: string): number | null {
  const match = /^MemAvailable:\s+(\d+) kB$/m.exec(text);
  return match ? Number(match[1]) * 1024 : null;
}

/**
 * The whole numbers in a file of `/proc/sys`, separated by white space; null if there is anything
 * else.
 */
export function parseIntegers(text: string): number[] | null {
  const words = text.trim().split(/\s+/);
  return words.every((word) => /^\d+$/.test(word)) ? words.map(Number) : null;
}

/** Reads the limits of this process and machine. */
export function readSystemLimits(): SystemLimits {
  const range = readIntegers("/proc/sys/net/ipv4/ip_local_port_range");
  return {
    openFiles: readOpenFiles(),
    maxOpenFiles: readInteger("/proc/sys/fs/nr_open"),
    somaxconn: readInteger("/proc/sys/net/core/somaxconn"),
    synBacklog: readInteger("/proc/sys/net/ipv4/tcp_max_syn_backlog"),
    synCookies: readInteger("/proc/sys/net/ipv4/tcp_syncookies"),
    portRange: range?.length === 2 ? [range[0], range[1]] : null,
    twReuse: readInteger("/proc/sys/net/ipv4/tcp_tw_reuse"),
    cores: navigator.hardwareConcurrency,
    memoryBytes: readAvailableMemory(),
  };
}

/** RLIMIT_NOFILE of this process (`ulimit -n`); null if unknown. */
export function readOpenFiles(): SystemLimits["openFiles"] {
  const limits = readProc("/proc/self/limits");
  return limits === null ? null : parseProcessLimit(limits, "Max open files");
}

function readIntegers(path: string): number[] | null {
  const text = readProc(path);
  return text === null ? null : parseIntegers(text);
}

function readInteger(path: string): number | null {
  return readIntegers(path)?.[0] ?? null;
}

/** The machine's available memory, or what the control group (v2) leaves, whichever is less. */
export function readAvailableMemory(): number | null {
  const meminfo = readProc("/proc/meminfo");
  const available = meminfo === null ? null : parseAvailableMemory(meminfo);
  // The file contains "max" if the group has no limit, and does not exist in the root group.
  const max = readInteger("/sys/fs/cgroup/memory.max");
  if (max === null) return available;
  return Math.min(available ?? Infinity, max - (readInteger("/sys/fs/cgroup/memory.current") ?? 0));
}
