/**
 * Measures how long servers take from their start to their first answer, as an executable and from
 * source: `deno task bench:start`. They are started in turn, and the medians are shown.
 */
import { Command } from "commander";
import { count } from "../../cli/shared/options.ts";
import { compile } from "../compile.ts";
import { startMs } from "../shared/measure_start.ts";
import { measuredRow, measurement, printMeasurement } from "./shared/measurement.ts";
import { DIST, ROOT } from "../shared/repository.ts";

const DENO_RUN = [Deno.execPath(), "run", "-A"];
const DENO_SERVE = [...DENO_RUN, `${ROOT}/tools/benchmarks/hello/deno_serve.ts`, "0"];

const DIR = ["--dir", `${ROOT}/docs`];

/** What is started, by the words that the table has for it. */
const COMMANDS: Record<string, string[]> = {
  "ktcp http --model single": ["http", "--model", "single"],
  "ktcp http --workers 1": ["http", "--workers", "1"],
  "ktcp http": ["http"],
  "ktcp http --dir --model single": ["http", ...DIR, "--model", "single"],
  "ktcp http --dir --workers 1": ["http", ...DIR, "--workers", "1"],
  "ktcp http --dir": ["http", ...DIR],
};

/** A start that is measured. */
interface Start {
  load: string;
  subject: string;
  command: string[];
  times: number[];
}

function startsOf(load: string, ktcp: readonly string[]): Start[] {
  return Object.entries(COMMANDS).map(([subject, args]) => (
    { load, subject, command: [...ktcp, ...args, "--port", "0"], times: [] }
  ));
}

async function run({ rounds, json }: { rounds: number; json?: boolean }): Promise<void> {
  Deno.mkdirSync(DIST, { recursive: true });
  const folder = Deno.makeTempDirSync({ dir: DIST, prefix: "bench-start-" });
  try {
    const { path } = await compile(`${folder}/ktcp`, { portable: true });
    const starts = [
      ...startsOf("executable", [path]),
      ...startsOf("from source", [...DENO_RUN, `${ROOT}/cli/main.ts`]),
      { load: "from source", subject: "Deno.serve", command: DENO_SERVE, times: [] as number[] },
    ];
    // The first round warms caches.
    for (let round = 0; round <= rounds; ++round) {
      for (const { command, times } of starts) {
        const tookMs = await startMs(command, { XDG_CACHE_HOME: folder });
        if (round > 0) times.push(tookMs);
      }
    }
    const rows = starts.map(({ load, subject, times }) =>
      measuredRow(load, subject, { startMs: times })
    );
    printMeasurement(measurement("bench:start", { subject: "server", baseline: null, rows }), {
      json,
    });
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

await new Command("bench:start")
  .description("Measures the time from the start of servers to their first answer.")
  .addOption(
    count("--rounds", "starts of each; the medians are shown", { max: 1000, default: 15 }),
  )
  .option("--json", "print one JSON document, with the range of the starts and the machine")
  .action(run)
  .parseAsync(Deno.args, { from: "user" });
