/** The live view of a running load. Pure: `terminal.ts` draws it. */
import { Heat, type HeatGrid } from "../stats/heat.ts";
import { LatencyHistogram } from "../stats/histogram.ts";
import { type Interval, INTERVAL_MS } from "../stats/timeline.ts";
import { progressBar, timeLeft } from "./progress.ts";
import type { Size } from "./terminal.ts";
import { sparkline } from "./terminal_plot.ts";
import { wrap } from "./text_layout.ts";
import { formatBytes, formatCount, formatLatency } from "../../system/units.ts";

/** The load, as the view describes it. */
export interface LiveSubject {
  /** The command and what it measures: `htstress http://localhost:8081/`. */
  title: string;
  /** What is counted: `requests`, `echoes`. */
  unit: string;
  /** The latency that matters: `latency`, `echo`. */
  latency: string;
  /** How much there is to do, or for how long; neither if the load runs until it is ended. */
  total?: number;
  durationMs?: number;
}

/** Intervals that count as "now": one second. */
const RECENT = 1000 / INTERVAL_MS;

/** Most intervals whose rate is drawn. */
const MAX_SPARKS = 40;

/** Width of the labels, in columns. */
const LABEL = 12;

/** Columns of the latency labels of the heat map, including the space after them. */
const SCALE = 9;

/** Most rows of the heat map, and the least with which it is shown. */
const MAX_HEAT_ROWS = 12;
const MIN_HEAT_ROWS = 3;

/** Cells from few samples to many, with the number of their colour among the terminal's 256. */
const SHADES = [
  { cell: " ", colour: 0 },
  { cell: "░", colour: 67 },
  { cell: "▒", colour: 73 },
  { cell: "▓", colour: 179 },
  { cell: "█", colour: 203 },
];

/** Collects a load, and lays it out. */
export class LiveView {
  readonly #subject: LiveSubject;
  readonly #heat = new Heat();
  readonly #rates: number[] = [];
  #recent: { interval: Interval; latency: LatencyHistogram; connects: number }[] = [];
  #startMs = NaN;

  constructor(subject: LiveSubject) {
    this.#subject = subject;
  }

  /** Adds an interval. */
  add(interval: Interval): void {
    if (Number.isNaN(this.#startMs)) this.#startMs = interval.startMs;
    const { connect, [this.#subject.latency]: latency } = interval.latencies;
    this.#heat.add(interval.startMs, interval.endMs, latency);
    this.#rates.push(interval.answersPerSecond);
    const own = new LatencyHistogram();
    own.merge(latency);
    this.#recent.push({ interval, latency: own, connects: connect.count });
    if (this.#recent.length > RECENT) this.#recent.shift();
  }

  /** The text for a window of `size`. */
  text({ columns, rows }: Size): string {
    const last = this.#recent.at(-1)?.interval;
    const width = columns - 1;
    if (!last) return [this.#subject.title, "starting"].map((line) => cut(line, width)).join("\n");
    const field = (name: string, items: readonly string[]) =>
      wrap(items.map((item, i) => i < items.length - 1 ? `${item} ` : item), {
        width,
        margin: "",
        bullet: name.padEnd(LABEL),
      });
    const { counts } = last;
    const lines = [
      this.#subject.title,
      this.#progress(last, width),
      "",
      this.#rate(width),
      field("latency", this.#percentiles()),
      ...(Object.keys(counts.statuses).length > 0
        ? [field("statuses", amounts(counts.statuses))]
        : []),
      field("errors", counts.failed > 0 ? amounts(counts.errors) : ["none"]),
      field("connections", [
        `${formatCount(counts.open)} open`,
        `${formatCount(Math.round(this.#connectsPerSecond()))}/s opened`,
      ]),
      field("received", [`${formatBytes(this.#mean((interval) => interval.bytesInPerSecond))}/s`]),
    ].flatMap((text) => text.split("\n")).map((line) => cut(line.trimEnd(), width));
    const room = Math.min(MAX_HEAT_ROWS, rows - lines.length - 3);
    const grid = room < MIN_HEAT_ROWS ? null : this.#heat.grid(width - SCALE, room);
    if (grid) {
      const seconds = (last.endMs - this.#startMs) / 1000;
      lines.push("", cut(`${this.#subject.latency} over ${seconds.toFixed(1)} s`, width));
      lines.push(...heatLines(grid));
    }
    // The last row stays empty: a line feed there would scroll.
    return lines.slice(0, rows - 1).join("\n");
  }

  #progress({ endMs, counts }: Interval, width: number): string {
    const { total, durationMs } = this.#subject;
    const elapsedMs = endMs - this.#startMs;
    if (!total && !durationMs) {
      return `${(elapsedMs / 1000).toFixed(1)} s so far; Ctrl-C ends it`;
    }
    // The limit that is reached first ends the run.
    const share = Math.min(
      1,
      Math.max(total ? counts.done / total : 0, durationMs ? elapsedMs / durationMs : 0),
    );
    const left = timeLeft(share > 0 ? elapsedMs * (1 / share - 1) : NaN);
    const bar = Math.min(40, width - "  100%  100 min left".length);
    return `${progressBar(share, Math.max(1, bar))}  ${left}`;
  }

  #rate(width: number): string {
    const rate = formatCount(Math.round(this.#mean((interval) => interval.answersPerSecond)));
    const label = `${this.#subject.unit}/s`.padEnd(LABEL) + rate.padEnd(10) + "  ";
    const room = Math.max(0, Math.min(MAX_SPARKS, width - label.length));
    return label + sparkline(this.#rates.slice(this.#rates.length - room));
  }

  #percentiles(): string[] {
    const latency = new LatencyHistogram();
    this.#recent.forEach((one) => latency.merge(one.latency));
    return latency.count === 0 ? ["none within a second"] : [
      ...[50, 90, 99].map((p) => `p${p} ${formatLatency(latency.percentileUs(p))}`),
      `max ${formatLatency(latency.maxUs)}`,
    ];
  }

  #connectsPerSecond(): number {
    const connects = this.#recent.reduce((sum, one) => sum + one.connects, 0);
    const [first, last] = [this.#recent[0].interval, this.#recent.at(-1)!.interval];
    return connects / Math.max(0.001, (last.endMs - first.startMs) / 1000);
  }

  #mean(of: (interval: Interval) => number): number {
    const sum = this.#recent.reduce((sum, { interval }) => sum + of(interval), 0);
    return sum / this.#recent.length;
  }
}

/** A line for each row, the slowest first; of each column, the fullest cell is the brightest. */
function heatLines({ columns, rows }: HeatGrid): string[] {
  const most = columns.map(({ counts }) => Math.max(...counts));
  return rows.map(({ toUs }, row) => {
    let line = "";
    let colour = 0;
    columns.forEach(({ counts }, i) => {
      // By the square root, so that single samples of a tail are visible too.
      const level = Math.ceil(Math.sqrt(counts[row] / (most[i] || 1)) * (SHADES.length - 1));
      const shade = SHADES[level];
      if (shade.colour !== colour && level > 0) {
        colour = shade.colour;
        line += `\x1b[38;5;${colour}m`;
      }
      line += shade.cell;
    });
    return `${formatLatency(toUs).padStart(SCALE - 1)} ${line}\x1b[39m`;
  }).toReversed();
}

/** `200 1,234`, `404 5`: most frequent first. */
function amounts(byKind: Record<string, number>): string[] {
  return Object.entries(byKind)
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([kind, count]) => `${kind} ${formatCount(count)}`);
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}
