/**
 * Measures how long servers take from their start to their first answer: `deno task bench:start`. They
 * are started in turn, and the medians are shown.
 */
import { Command } from "commander";
import { count } from "../../cli/shared/options.ts";
import { startMs } from "../shared/measure_start.ts";
import { measuredRow, measurement, printMeasurement } from "./shared/measurement.ts";
import { ROOT } from "../shared/repository.ts";

const DENO_RUN = [Deno.execPath(), "run", "-A"];
const HTTP = [...DENO_RUN, `${ROOT}/cli/main.ts`, "http", "--port", "0"];
const DIR = [...HTTP, "--dir", `${ROOT}/docs`];

const COMMANDS: Record<string, string[]> = {
  "ktcp http --model single": [...HTTP, "--model", "single"],
  "ktcp http --workers 1": [...HTTP, "--workers", "1"],
  "ktcp http": HTTP,
  "ktcp http --dir --model single": [...DIR, "--model", "single"],
  "ktcp http --dir --workers 1": [...DIR, "--workers", "1"],
  "ktcp http --dir": DIR,
  "Deno.serve": [...DENO_RUN, `${ROOT}/tools/benchmarks/hello/deno_serve.ts`, "0"],
};

async function run({ rounds, json }: { rounds: number; json?: boolean }): Promise<void> {
  const times = new Map(Object.keys(COMMANDS).map((name) => [name, [] as number[]]));
  // The first round warms caches.
  for (let round = 0; round <= rounds; ++round) {
    for (const [name, command] of Object.entries(COMMANDS)) {
      const tookMs = await startMs(command);
      if (round > 0) times.get(name)!.push(tookMs);
    }
  }
  const rows = [...times].map(([name, startMs]) => measuredRow("from source", name, { startMs }));
  printMeasurement(measurement("bench:start", { subject: "server", baseline: null, rows }), {
    json,
  });
}

await new Command("bench:start")
  .description("Measures the time from the start of servers to their first answer.")
  .addOption(
    count("--rounds", "starts of each; the medians are shown", { max: 1000, default: 15 }),
  )
  .option("--json", "print one JSON document, with the range of the starts and the machine")
  .action(run)
  .parseAsync(Deno.args, { from: "user" });
