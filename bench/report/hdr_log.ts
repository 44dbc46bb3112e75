/**
 * A run as a histogram log, the format of HdrHistogram's own tools (version 1.3): a line for each
 * second and kind of latency, with the kind as its tag. Pure.
 *
 * The histograms count hundredths of a microsecond. The lines of a tag add up to the whole run.
 */
import { compressed, fromCompressed } from "../stats/hdr_text.ts";
import { LatencyHistogram } from "../stats/histogram.ts";
import type { Interval } from "../stats/timeline.ts";

/** Length of a line's interval, in milliseconds. */
const LINE_MS = 1000;

/** The sum of a line's intervals. */
interface Line {
  startMs: number;
  endMs: number;
  latencies: Record<string, LatencyHistogram>;
}

/** Turns intervals into the text of a log. */
export class HdrLog {
  readonly #title: string;
  #beginMs: number | undefined;
  #line: Line | undefined;

  /** @param title one line about the run, for a comment */
  constructor(title: string) {
    this.#title = title;
  }

  /** Adds an interval. @returns the text to write now; often empty */
  add({ startMs, endMs, latencies }: Interval): string {
    let text = "";
    if (this.#beginMs === undefined) {
      this.#beginMs = startMs;
      text = this.#head(startMs);
    }
    const lineOf = (ms: number) => Math.floor((ms - this.#beginMs!) / LINE_MS);
    if (this.#line && lineOf(startMs) > lineOf(this.#line.startMs)) text += this.#endLine();
    this.#line ??= { startMs, endMs, latencies: {} };
    this.#line.endMs = Math.max(this.#line.endMs, endMs);
    for (const [name, latency] of Object.entries(latencies)) {
      (this.#line.latencies[name] ??= new LatencyHistogram()).merge(latency);
    }
    return text;
  }

  /** The rest of the text; a log without lines if there was no interval. */
  end(): string {
    return this.#beginMs === undefined ? this.#head(Date.now()) : this.#endLine();
  }

  #head(beginMs: number): string {
    const seconds = (beginMs / 1000).toFixed(3);
    return [
      `#${this.#title.replaceAll(/\s+/g, " ")}`,
      "#Values are hundredths of a microsecond; Interval_Max is in milliseconds.",
      "#[Histogram log format version 1.3]",
      `#[StartTime: ${seconds} (seconds since epoch), ${new Date(beginMs).toISOString()}]`,
      `#[BaseTime: ${seconds} (seconds since epoch)]`,
      `"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"`,
      "",
    ].join("\n");
  }

  #endLine(): string {
    if (!this.#line) return "";
    const { startMs, endMs, latencies } = this.#line;
    this.#line = undefined;
    const seconds = (ms: number) => (ms / 1000).toFixed(3);
    return Object.entries(latencies).map(([name, latency]) => {
      const max = latency.count === 0 ? 0 : latency.maxUs;
      const fields = [
        `Tag=${name}`,
        seconds(startMs - this.#beginMs!),
        seconds(endMs - startMs),
        seconds(max),
        compressed(latency),
      ];
      return fields.join(",") + "\n";
    }).join("");
  }
}

/** A line of a log. */
export interface LoggedInterval {
  /** In milliseconds since the log's start. */
  startMs: number;
  endMs: number;
  latency: LatencyHistogram;
}

/**
 * The lines of tag `name` in the log `text`. @throws {SyntaxError} when a histogram is malformed
 */
export function* readHdrLog(text: string, name: string): Generator<LoggedInterval> {
  for (const line of text.split("\n")) {
    const [tag, start, length, , histogram] = line.split(",");
    if (tag !== `Tag=${name}`) continue;
    const startMs = 1000 * Number(start);
    const endMs = startMs + 1000 * Number(length);
    yield { startMs, endMs, latency: fromCompressed(histogram) };
  }
}
