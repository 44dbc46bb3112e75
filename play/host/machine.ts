/** What this machine can do. */
import { readEnvironment } from "../../bench/lab/environment.ts";
import { hasNginx } from "../../bench/processes/nginx.ts";
import { linuxEngines } from "../../system/linux/engines.ts";
import { MAX_CLIENTS, MAX_DURATION_MS, MAX_RATE_PER_SECOND, MAX_SERVERS } from "../limits.ts";
import type { Machine } from "../protocol.ts";

/** A machine that states its environment. */
export type OwnMachine = Machine & Required<Pick<Machine, "environment">>;

/** Reads the machine; `version` is ktcp's. */
export function readMachine(version: string): OwnMachine {
  const available = linuxEngines().filter(({ isAvailable }) => isAvailable);
  return {
    version,
    cpus: navigator.hardwareConcurrency,
    os: Deno.build.os,
    kernel: Deno.osRelease(),
    engines: ["deno", ...available.map(({ name }) => name)],
    limits: {
      servers: MAX_SERVERS,
      clients: MAX_CLIENTS,
      ratePerSecond: MAX_RATE_PER_SECOND,
      durationMs: MAX_DURATION_MS,
    },
    tools: hasNginx() ? ["nginx"] : [],
    environment: readEnvironment(version, false),
  };
}
