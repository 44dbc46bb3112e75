/**
 * Times the core's request parser next to llhttp, on the same bytes: `deno task bench:core`.
 *
 * `--repeats N` (9) measurements of each and `--ms N` (50) for one of them; the figures are their
 * medians.
 */
import { parseArgs } from "node:util";
import { table } from "../../../bench/report/text_layout.ts";
import type { Spread } from "../../../bench/stats/spread.ts";
import { alternate } from "./alternate.ts";
import { CopyingLlhttp, CoreParser, type TimedParser } from "./parsers.ts";
import { type Sample, SAMPLES } from "./samples.ts";

/** Most of llhttp's time that the core may take, by sample. */
const BUDGETS: Readonly<Record<string, number>> = {
  "tiny request": 1 / 2,
  "browser request": 1 / 3,
};

const HEADER = [
  "",
  "bytes",
  "ktcp ns",
  "MB/s",
  "llhttp ns",
  "MB/s",
  "ratio",
  "of minima",
  "budget",
];

const NOTES = `Times are for a request: medians of measurements that alternate between the two.
ktcp parses bytes where they stand, in its own memory, because its sockets read there; llhttp
(undici's Wasm SIMD build) gets them copied into its memory, as undici does, and that is counted.`;

function compare(sample: Sample, options: { repeats: number; sampleMs: number }): string[] {
  const parsers: TimedParser[] = [new CoreParser(sample), new CopyingLlhttp(sample)];
  for (const parser of parsers) {
    parser.run(1);
    if (parser.requests !== sample.requests) {
      throw new Error(`${sample.name}: ${parser.requests} of ${sample.requests} requests found`);
    }
  }
  const [core, llhttp] = alternate(parsers, options);
  if (parsers.some(({ checksum }) => checksum === 0)) throw new Error("Nothing was parsed");
  const budget = BUDGETS[sample.name];
  return [
    sample.requests === 1 ? sample.name : `${sample.name}, each`,
    `${sample.bytes.length}`,
    ...figures(sample, core),
    ...figures(sample, llhttp),
    (core.median / llhttp.median).toFixed(3),
    (core.low / llhttp.low).toFixed(3),
    budget === undefined ? "" : budget.toFixed(3),
  ];
}

/** Nanoseconds a request, and megabytes (10^6) a second. */
function figures(sample: Sample, { median }: Spread): [ns: string, rate: string] {
  return [
    (median / sample.requests).toFixed(1),
    (sample.bytes.length * 1000 / median).toFixed(0),
  ];
}

function main(): void {
  const { values } = parseArgs({
    args: Deno.args,
    options: { repeats: { type: "string", default: "9" }, ms: { type: "string", default: "50" } },
  });
  const options = { repeats: Math.max(5, Number(values.repeats)), sampleMs: Number(values.ms) };
  const rows = SAMPLES.map((sample) => compare(sample, options));
  console.log(table([HEADER, ...rows]));
  console.log(`\n${NOTES}\n${options.repeats} measurements of ${options.sampleMs} ms each.`);
}

if (import.meta.main) main();
