/**
 * `ktcp doctor`: the limits that a load run meets, the commands that raise them, and the engines that
 * this machine allows.
 */
import { Command } from "commander";
import { DEFAULT_PLAN } from "../bench/echo/plan.ts";
import { amountOf, type Check, checkLimits, effectOf } from "../bench/load/limits.ts";
import { type EngineSupport, linuxEngines } from "../system/linux/engines.ts";
import { formatCount } from "../system/units.ts";
import { count } from "./shared/options.ts";
import { printJson, printResult } from "./shared/output.ts";
import { VERSION } from "./shared/version.ts";

/** Builds the command; its exit code is 1 when a limit does not fit the plan. */
export function command(): Command {
  const { threads, rounds } = DEFAULT_PLAN;
  return new Command("doctor")
    .description(
      "Shows the limits that a load run meets: what will run out for the planned number of " +
        "clients, and the commands that raise it. The plan is that of 'ktcp bench': clients and " +
        "server in one process, all clients connecting at once. Of open files the hard limit " +
        "counts: ktcp raises its soft limit to it. Then it tries each engine that a server may " +
        "have, and says why one cannot be used.",
    )
    .addOption(count("--threads", "planned clients", { max: 10_000_000, default: threads }))
    .option("--json", "print one JSON document")
    .addHelpText("after", "\nExit code 1 when something will not fit.")
    .action(({ threads, json }: { threads: number; json?: boolean }) => {
      // Each client opens a connection in each round.
      const checks = checkLimits({ connections: threads, closedPerMinute: threads * rounds });
      const ok = checks.every((check) => check.ok);
      const engines = allEngines();
      if (json) printJson({ command: "doctor", version: VERSION, threads, checks, ok, engines });
      else printResult(`${doctorText(threads, checks)}\n\n${enginesText(engines)}`);
      Deno.exitCode = ok ? 0 : 1;
    });
}

/** Whether a server can have an engine, and why not. */
interface Engine extends Omit<EngineSupport, "name"> {
  name: "deno" | EngineSupport["name"];
}

/** All engines; the runtime's sockets are always there. */
function allEngines(): Engine[] {
  return [{ name: "deno", isAvailable: true }, ...linuxEngines()];
}

/** The engines as a person reads them. */
export function enginesText(engines: readonly Engine[]): string {
  const width = Math.max(...engines.map(({ name }) => name.length));
  return [
    "Engines that servers may have (--engine):",
    "",
    ...engines.map(({ name, isAvailable, reason }) =>
      isAvailable ? `yes   ${name}` : `no    ${name.padEnd(width)}  ${reason}`
    ),
  ].join("\n");
}

/** The checks as a person reads them: those that fail with their effect and the way out. */
export function doctorText(threads: number, checks: Check[]): string {
  const nameWidth = Math.max(...checks.map((check) => check.name.length));
  const values = checks.map((check) => amountOf(check.name, check.value));
  const valueWidth = Math.max(...values.map((value) => value.length));
  const lines = checks.flatMap((check, i) => {
    const { name, needed, ok, fix } = check;
    const line = `${ok ? "ok  " : "FAIL"}  ${name.padEnd(nameWidth)}  ` +
      `${values[i].padStart(valueWidth)}  ` +
      (needed === 0 ? "(not a limit here)" : `needed: ${amountOf(name, needed)}`);
    return ok ? [line] : [line, `      ${effectOf(check)}`, `      ${fix}`];
  });
  const failed = checks.filter((check) => !check.ok).length;
  return [
    `${formatCount(threads)} clients and their server in one process:`,
    "",
    ...lines,
    "",
    failed === 0 ? "Everything fits." : `${failed} of ${checks.length} will not fit.`,
  ].join("\n");
}
