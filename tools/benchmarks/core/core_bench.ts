/**
 * Times the core's request parser next to llhttp, on the same bytes: `deno task bench:core`.
 *
 * `--repeats N` (9) measurements of each and `--ms N` (50) for one of them; the figures are their
 * medians.
 */
import { parseArgs } from "node:util";
import type { Spread } from "../../../bench/stats/spread.ts";
import { alternate } from "./alternate.ts";
import { CopyingLlhttp, CoreParser, type TimedParser } from "./parsers.ts";
import { type Sample, SAMPLES } from "./samples.ts";
import { type MeasuredRow, measurement, printMeasurement } from "../shared/measurement.ts";

const NOTES = `Times are for a request: medians of measurements that alternate between the two.
ktcp parses bytes where they stand, in its own memory, because its sockets read there; llhttp
(undici's Wasm SIMD build) gets them copied into its memory, as undici does, and that is counted.`;

function compare(sample: Sample, options: { repeats: number; sampleMs: number }): MeasuredRow[] {
  const parsers: TimedParser[] = [new CoreParser(sample), new CopyingLlhttp(sample)];
  for (const parser of parsers) {
    parser.run(1);
    if (parser.requests !== sample.requests) {
      throw new Error(`${sample.name}: ${parser.requests} of ${sample.requests} requests found`);
    }
  }
  const spreads = alternate(parsers, options);
  if (parsers.some(({ checksum }) => checksum === 0)) throw new Error("Nothing was parsed");
  const load = `${sample.name}, ${sample.bytes.length / sample.requests} bytes` +
    (sample.requests === 1 ? "" : " each");
  return ["ktcp", "llhttp"].map((subject, i) => ({
    load,
    subject,
    figures: { nsPerRequest: perRequest(spreads[i], sample) },
  }));
}

function perRequest({ median, low, high }: Spread, { requests }: Sample): Spread {
  return { median: median / requests, low: low / requests, high: high / requests };
}

function main(): void {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      repeats: { type: "string", default: "9" },
      ms: { type: "string", default: "50" },
      json: { type: "boolean" },
    },
  });
  const options = { repeats: Math.max(5, Number(values.repeats)), sampleMs: Number(values.ms) };
  const rows = SAMPLES.flatMap((sample) => compare(sample, options));
  printMeasurement(
    measurement("bench:core", { subject: "parser", baseline: "llhttp", rows }),
    values,
  );
  if (values.json) return;
  console.log(`\n${NOTES}\n${options.repeats} measurements of ${options.sampleMs} ms each.`);
}

if (import.meta.main) main();
