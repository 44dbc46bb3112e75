/**
 * Compares the needs of a planned load with the limits of the system. `ktcp doctor` shows the
 * result; `bench`, `htstress` and the servers print a one-line warning from it.
 */
import { formatBytes, formatCount } from "../../system/units.ts";
import { readSystemLimits, type SystemLimits } from "../../system/limits.ts";

/** A planned load. */
export interface LoadPlan {
  /** Connections that are open at once: the clients, or a server's `--max-connections`. */
  connections: number;
  /** Whether the clients run in this process; default true. */
  client?: boolean;
  /** Where the server runs: in this process (default), elsewhere on this machine, or remote. */
  server?: "self" | "local" | "remote";
  /**
   * The server's `listen` backlog; default: one place for each connection, all arriving at once.
   */
  backlog?: number;
  /** Connections that the clients close within a minute (TIME-WAIT); default `connections`. */
  closedPerMinute?: number;
  /** Whether the connections are Unix domain sockets, which have no ports; default false. */
  unix?: boolean;
}

/** One limit, as `doctor --json` states it. */
export interface Check {
  /** `ulimit -n`, `cores`, `memory` or the name of the sysctl. */
  name: string;
  /** What the system allows; null if unknown. Memory in bytes. */
  value: number | null;
  /** What the plan needs; 0 if the limit does not matter to it. */
  needed: number;
  /** Whether the plan fits; true when the value is unknown. */
  ok: boolean;
  /** The command that raises the limit, or what to ask for instead; empty if the plan fits. */
  fix: string;
}

/** File descriptors that ktcp holds besides connections: runtime, Workers, listeners, logs. */
const SPARE_FILES = 64;

/** Ports below this are for services; no sensible range starts lower. */
const FIRST_PORT = 1024;
const LAST_PORT = 65535;
const MAX_PORTS = LAST_PORT - FIRST_PORT + 1;

/** Resident memory of ktcp with its Workers before the first connection, in bytes. */
const BASE_MEMORY = 160 * 1024 ** 2;

/**
 * Memory of one end of a busy connection, in bytes: its socket and buffers in the kernel and in
 * ktcp.
 */
const MEMORY_PER_END = 24 * 1024;

/** What happens if a limit is too low, and whether connections are then sure to fail. */
const CONSEQUENCES: Record<string, { effect: string; fatal: boolean }> = {
  "ulimit -n": { effect: "sockets cannot be opened (EMFILE)", fatal: true },
  "net.core.somaxconn": {
    effect: "the accept queue overflows: dropped handshakes cost a second and more each",
    fatal: false,
  },
  "net.ipv4.tcp_max_syn_backlog": {
    effect: "SYNs are dropped: connects take a second and more",
    fatal: false,
  },
  "net.ipv4.ip_local_port_range": { effect: "connect fails (EADDRNOTAVAIL)", fatal: true },
  "net.ipv4.tcp_tw_reuse": {
    effect: "TIME-WAIT holds the ports for a minute, then connect fails (EADDRNOTAVAIL)",
    fatal: true,
  },
  "memory": { effect: "the machine swaps or kills the process", fatal: true },
};

/** What goes wrong if `check` fails. */
export function effectOf(check: Check): string {
  return CONSEQUENCES[check.name]?.effect ?? "";
}

/** The failed checks that make the run fail; the others only slow it down. */
export function fatalChecks(checks: Check[]): Check[] {
  return checks.filter((check) => !check.ok && CONSEQUENCES[check.name]?.fatal);
}

/** Compares `plan` with the limits of the system; default: the present ones. */
export function checkLimits(
  plan: LoadPlan,
  limits: SystemLimits = readSystemLimits(),
): Check[] {
  const { connections, client = true, server = "self", unix = false } = plan;
  const ends = Number(client) + Number(server === "self");
  const checks = [openFiles(ends * connections + SPARE_FILES, limits)];
  if (server !== "remote") {
    const backlog = plan.backlog ?? connections;
    checks.push(sysctl("net.core.somaxconn", limits.somaxconn, backlog));
    if (!unix) {
      // listen(2): with SYN cookies this limit is ignored.
      const needed = limits.synCookies ? 0 : backlog;
      checks.push(sysctl("net.ipv4.tcp_max_syn_backlog", limits.synBacklog, needed));
    }
  }
  if (client && !unix) checks.push(...ports(plan, limits));
  checks.push(check("cores", limits.cores, 1, ""));
  checks.push(memory(ends, plan, limits));
  return checks;
}

/**
 * One line that names the first limit that is too low, and where to read more; null if all are
 * sufficient.
 */
export function limitsWarning(plan: LoadPlan, checks = checkLimits(plan)): string | null {
  const failed = checks.filter((check) => !check.ok);
  if (failed.length === 0) return null;
  const [worst] = [...fatalChecks(failed), ...failed];
  const more = failed.length > 1 ? ` (and ${failed.length - 1} more)` : "";
  const { name, value, needed } = worst;
  return `warning: ${name} is ${amountOf(name, value)}, ${amountOf(name, needed)} needed: ` +
    `${effectOf(worst)}${more}; see 'ktcp doctor --threads ${plan.connections}'`;
}

/** Formats `amount` of the limit `name`. */
export function amountOf(name: string, amount: number | null): string {
  if (amount === null) return "unknown";
  return name === "memory" ? formatBytes(amount) : formatCount(amount);
}

function check(name: string, value: number | null, needed: number, fix: string): Check {
  const ok = value === null || value >= needed;
  return { name, value, needed, ok, fix: ok ? "" : fix };
}

function sysctl(name: string, value: number | null, needed: number): Check {
  return check(name, value, needed, `sudo sysctl -w ${name}=${needed}`);
}

/**
 * The command that raises `ulimit -n` to `needed`. Deno raises the soft limit to the hard one when
 * it starts, so it raises the hard one.
 */
export function raiseOpenFiles(needed: number, limits = readSystemLimits()): string {
  const hard = limits.openFiles?.hard ?? Infinity;
  const raiseMax = limits.maxOpenFiles !== null && needed > limits.maxOpenFiles
    ? `sudo sysctl -w fs.nr_open=${needed} && `
    : "";
  const raise = needed > hard
    ? `sudo prlimit --pid $$ --nofile=${needed}:${needed}`
    : `ulimit -n ${needed}`;
  return raiseMax + raise;
}

function openFiles(needed: number, limits: SystemLimits): Check {
  const soft = limits.openFiles?.soft ?? null;
  // JSON has no Infinity, so unlimited becomes null (unknown).
  const value = soft === Infinity ? null : soft;
  return check("ulimit -n", value, needed, raiseOpenFiles(needed, limits));
}

function ports(plan: LoadPlan, limits: SystemLimits): Check[] {
  const { connections, closedPerMinute = connections, server = "self" } = plan;
  const count = limits.portRange && limits.portRange[1] - limits.portRange[0] + 1;
  const fix = connections <= MAX_PORTS
    ? `sudo sysctl -w net.ipv4.ip_local_port_range="${FIRST_PORT} ${LAST_PORT}"`
    : `at most --threads ${MAX_PORTS} to one address and port`;
  // Ports in TIME-WAIT can be reused after a second only if reuse is on; 2 means on loopback only.
  const isReused = limits.twReuse === null || limits.twReuse === 1 ||
    (limits.twReuse === 2 && server !== "remote");
  const isScarce = count !== null && closedPerMinute > count;
  const ok = isReused || !isScarce;
  return [check("net.ipv4.ip_local_port_range", count, connections, fix), {
    name: "net.ipv4.tcp_tw_reuse",
    value: limits.twReuse,
    needed: isScarce ? 1 : 0,
    ok,
    fix: ok ? "" : "sudo sysctl -w net.ipv4.tcp_tw_reuse=1",
  }];
}

function memory(ends: number, plan: LoadPlan, limits: SystemLimits): Check {
  const needed = BASE_MEMORY + ends * plan.connections * MEMORY_PER_END;
  const room = Math.max(0, (limits.memoryBytes ?? 0) - BASE_MEMORY);
  const fitting = Math.floor(room / (ends * MEMORY_PER_END));
  return check("memory", limits.memoryBytes, needed, `at most --threads ${fitting}`);
}
