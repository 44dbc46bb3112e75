/** The machine on which an experiment ran, as its numbers depend on it. */
import { readProc } from "../../system/proc.ts";
import { readSystemLimits } from "../../system/limits.ts";

/** The machine and its settings, as results record them. */
export interface Environment {
  /** ISO 8601, in UTC. */
  date: string;
  machine: { cpu: string; cores: number; memoryBytes: number };
  /** `Linux 6.12.0 x86_64`. */
  kernel: string;
  /** Load averages over 1, 5 and 15 minutes when it began. */
  loadAverage: number[];
  /** Limits and kernel settings by name; null where they are unknown. */
  limits: Record<string, number | string | null>;
  versions: Record<string, string>;
  quick: boolean;
}

/** Settings of the kernel that the experiments are about. */
const SETTINGS = [
  "net/core/somaxconn",
  "net/ipv4/tcp_max_syn_backlog",
  "net/ipv4/tcp_syncookies",
  "net/ipv4/tcp_abort_on_overflow",
  "net/ipv4/tcp_syn_retries",
  "net/ipv4/tcp_syn_linear_timeouts",
  "net/ipv4/tcp_tw_reuse",
  "net/ipv4/ip_local_port_range",
];

/** Records the machine as it is now. `version` is ktcp's. */
export function readEnvironment(version: string, isQuick: boolean): Environment {
  const { openFiles, cores } = readSystemLimits();
  const limits: Environment["limits"] = { "ulimit -n": openFiles?.soft ?? null };
  for (const setting of SETTINGS) {
    const text = readProc(`/proc/sys/${setting}`)?.trim().replace(/\s+/g, " ") ?? null;
    const isNumber = text !== null && /^\d+$/.test(text);
    limits[setting.replaceAll("/", ".")] = isNumber ? Number(text) : text;
  }
  return {
    date: new Date().toISOString(),
    machine: { cpu: cpuModel(), cores, memoryBytes: Deno.systemMemoryInfo().total },
    kernel: `${Deno.build.os === "linux" ? "Linux" : Deno.build.os} ${Deno.osRelease()} ` +
      Deno.build.arch,
    loadAverage: Deno.loadavg().map((load) => Number(load.toFixed(2))),
    limits,
    versions: { ktcp: version, deno: Deno.version.deno, v8: Deno.version.v8 },
    quick: isQuick,
  };
}

function cpuModel(): string {
  const cpuinfo = readProc("/proc/cpuinfo") ?? "";
  return /^(?:model name|Model)\s*:\s*(.+)$/m.exec(cpuinfo)?.[1] ?? "unknown";
}
