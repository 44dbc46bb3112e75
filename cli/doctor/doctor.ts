/**
 * `ktcp doctor`: what this machine is and allows, what does not work here and why, and what to type
 * to change that.
 */
import { Command, Option } from "commander";
import { DEFAULT_PLAN } from "../../bench/echo/plan.ts";
import { checkLimits } from "../../bench/load/limits.ts";
import { readMachine } from "../../system/machine.ts";
import { addOptions, count } from "../shared/options.ts";
import { withNotes } from "../shared/help.ts";
import { outputWidth, printJson, printResult } from "../shared/output.ts";
import { build, commit, VERSION } from "../shared/version.ts";
import { allEngines, interfaces } from "./facilities.ts";
import { doctorText, type Findings } from "./text.ts";
import { findTools } from "./tools.ts";

/** Builds the command; its exit code is 1 when a limit does not fit the plan. */
export function command(): Command {
  const { threads, rounds } = DEFAULT_PLAN;
  const doctor = new Command("doctor")
    .description(
      "Shows what this machine is and allows: its limits, checked against a planned load; the " +
        "engines that servers and clients can use; the kernel's interfaces and the tools that " +
        "ktcp uses where they exist. For each that falls short, it says what to type.",
    );
  addOptions(doctor, [
    count("--threads", "planned clients", { max: 10_000_000, default: threads }),
    new Option("--json", "print one JSON document"),
  ]);
  return withNotes(doctor, {
    about: [
      "The plan is that of 'ktcp bench': clients and server in one process, all clients " +
      "connecting at once. For open files the hard limit counts: ktcp raises its soft limit to it.",
    ],
    exit: { 1: "something does not fit the plan" },
    examples: [
      ["ktcp doctor", "look at everything"],
      ["ktcp doctor --threads 50000", "what 50,000 clients run out of"],
    ],
  })
    .action(({ threads, json }: { threads: number; json?: boolean }) => {
      // Each client opens a connection in each round.
      const checks = checkLimits({ connections: threads, closedPerMinute: threads * rounds });
      const ok = checks.every((check) => check.ok);
      const machine = readMachine();
      const findings: Findings = {
        threads,
        checks,
        ok,
        engines: allEngines(),
        runtime: {
          commit: commit(),
          deno: Deno.version.deno,
          v8: Deno.version.v8,
          isCompiled: build() !== undefined,
        },
        machine,
        interfaces: interfaces(machine),
        tools: findTools(),
      };
      if (json) printJson({ command: "doctor", version: VERSION, ...findings });
      else printResult(doctorText(findings, outputWidth()));
      Deno.exitCode = ok ? 0 : 1;
    });
}
