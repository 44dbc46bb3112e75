/** Facts about this machine: kernel, processors, memory, and how busy they are. */
import { parseProcessLimit, readAvailableMemory } from "./limits.ts";
import { readProc } from "./proc.ts";

/** A limit of this process (getrlimit(2)); null: unlimited. */
export interface ProcessLimit {
  name: string;
  soft: number | null;
  hard: number | null;
}

/** The facts; null where unknown. */
export interface Machine {
  os: string;
  /** The kernel's release. */
  kernel: string;
  architecture: string;
  /** The model of the first processor. */
  cpu: string | null;
  /** Processors that this process may use, and those that the kernel has switched on. */
  cores: number;
  coresOnline: number | null;
  memoryBytes: number;
  availableBytes: number | null;
  /** Percentage of the last ten seconds in which some thread waited for the resource (PSI). */
  pressure: { cpu: number; memory: number; io: number } | null;
  ulimits: ProcessLimit[];
}

/** The limits of `/proc/self/limits` that matter to servers and loads. */
const LIMITS = [
  ["open files", "Max open files"],
  ["processes", "Max processes"],
  ["locked memory", "Max locked memory"],
] as const;

/** Reads the facts. */
export function readMachine(): Machine {
  const cpuinfo = readProc("/proc/cpuinfo");
  return {
    os: Deno.build.os,
    kernel: Deno.osRelease(),
    architecture: Deno.build.arch,
    cpu: cpuinfo === null ? null : parseCpuModel(cpuinfo),
    cores: navigator.hardwareConcurrency,
    coresOnline: parseCpuList(readProc("/sys/devices/system/cpu/online") ?? ""),
    memoryBytes: Deno.systemMemoryInfo().total,
    availableBytes: readAvailableMemory(),
    pressure: readPressure(),
    ulimits: parseUlimits(readProc("/proc/self/limits") ?? ""),
  };
}

/** The first model that the text of `/proc/cpuinfo` names. */
export function parseCpuModel(text: string): string | null {
  return /^(?:model name|Model)\s*:\s*(.+)$/m.exec(text)?.[1].trim() ?? null;
}

/** The number of processors in a kernel list such as `0-3,8`; null if it is malformed. */
export function parseCpuList(text: string): number | null {
  if (!/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(text.trim())) return null;
  return text.trim().split(",").map((range) => {
    const [first, last = first] = range.split("-").map(Number);
    return last - first + 1;
  }).reduce((sum, count) => sum + count);
}

/** `some avg10` of a file of `/proc/pressure`, in per cent. */
export function parsePressure(text: string): number | null {
  const found = /^some avg10=([\d.]+)/m.exec(text);
  return found ? Number(found[1]) : null;
}

/** The limits in the text of `/proc/self/limits`. */
export function parseUlimits(text: string): ProcessLimit[] {
  const finite = (value: number) => value === Infinity ? null : value;
  return LIMITS.flatMap(([name, line]) => {
    const limit = parseProcessLimit(text, line);
    return limit ? [{ name, soft: finite(limit.soft), hard: finite(limit.hard) }] : [];
  });
}

function readPressure(): Machine["pressure"] {
  const [cpu, memory, io] = ["cpu", "memory", "io"].map((name) => {
    try {
      return parsePressure(readProc(`/proc/pressure/${name}`) ?? "");
    } catch {
      // psi=0 on the kernel's command line: the file opens and cannot be read.
      return null;
    }
  });
  return cpu === null || memory === null || io === null ? null : { cpu, memory, io };
}
