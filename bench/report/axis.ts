/**
 * Axes of the plots: round ticks, one unit, and a logarithmic scale if the range of values is
 * large.
 */
import { type ThemeName, THEMES } from "./theme.ts";
import { formatShortCount, unitFor } from "../../system/units.ts";

/** Ratio of the largest to the smallest value above which the scale is logarithmic. */
const LOG_RATIO = 30;

/** A logarithmic scale for bars begins below the smallest one by this factor. */
const BAR_ROOM = 2;

/** Steps within a decade at which a logarithmic axis may begin and end. */
const LOG_STEPS = [1, 2, 5];

/** Up to this many decades the axis has a tick at every step, beyond it one for each decade. */
const MAX_DECADES_IN_STEPS = 2.5;

/** The values of an axis: latencies in microseconds, or plain numbers. */
export type ScaleKind = "latency" | "count";

/** How values are drawn along an axis. */
export interface Scale {
  /** The unit of the axis; on a logarithmic one, each label has its own unit. */
  unit: string;
  /** Where a value lies on the axis. */
  position(value: number): number;
  /** ECharts' options of a `value` axis: range, ticks and labels. */
  options: Record<string, unknown>;
}

/**
 * The scale on which all of `values` can be read: linear, or logarithmic if they are far apart.
 *
 * @param options `fromZero`: always linear, from 0; `tight`: a linear scale may start where the
 * values do; `bars`: a logarithmic one begins below the smallest value, so that its bar is visible
 */
export function valueScale(
  kind: ScaleKind,
  values: number[],
  options: { fromZero?: boolean; tight?: boolean; bars?: boolean } = {},
): Scale {
  const known = values.filter((value) => value > 0);
  const min = known.reduce((a, b) => Math.min(a, b), Infinity);
  const max = known.reduce((a, b) => Math.max(a, b), 0);
  const isLog = !options.fromZero && max / min > LOG_RATIO;
  if (isLog) return logScale(kind, options.bars ? min / BAR_ROOM : min, max);
  const range = options.tight ? { scale: true } : { min: 0 };
  if (kind === "count") {
    const axisLabel = { hideOverlap: true, formatter: formatShortCount };
    return {
      unit: "",
      position: (value) => value,
      options: { type: "value", ...range, axisLabel },
    };
  }
  const unit = unitFor("latency", max);
  return {
    unit: unit.name,
    position: (us) => us / unit.factor,
    options: { type: "value", ...range, axisLabel: { hideOverlap: true } },
  };
}

/** {@linkcode valueScale} of latencies. */
export function latencyScale(
  valuesUs: number[],
  options: { fromZero?: boolean; tight?: boolean } = {},
): Scale {
  return valueScale("latency", valuesUs, options);
}

/** The axis title: what it shows, and the unit if there is one. */
export function scaleTitle(what: string, { unit }: Scale): string {
  return unit === "" ? what : `${what} (${unit})`;
}

/** A `value` axis of decimal logarithms, labelled with the values; 0 is drawn at its start. */
function logScale(kind: ScaleKind, min: number, max: number): Scale {
  const steps: number[] = [];
  for (let exponent = Math.floor(Math.log10(min)); 10 ** exponent <= max * 10; exponent++) {
    for (const step of LOG_STEPS) steps.push(step * 10 ** exponent);
  }
  // From the last step below the values to the first one above them.
  const first = Math.max(0, steps.findLastIndex((step) => step <= min));
  const range = steps.slice(first, steps.findIndex((step) => step >= max) + 1).map(Math.log10);
  const [begin] = range;
  const isFine = range.at(-1)! - begin <= MAX_DECADES_IN_STEPS;
  const shown = isFine ? range : range.filter((log) => Math.abs(log - Math.round(log)) < 1e-9);
  return {
    unit: "log scale",
    position: (value) => value > 0 ? Math.max(begin, Math.log10(value)) : begin,
    options: {
      type: "value",
      min: begin,
      max: range.at(-1),
      // Where bars begin.
      startValue: begin,
      axisTick: { customValues: shown },
      splitLine: { customValues: shown },
      axisLabel: { customValues: shown, formatter: (log: number) => tickLabel(kind, 10 ** log) },
    },
  };
}

/** `200 µs`, `1 ms`; `200`, `1k`. */
function tickLabel(kind: ScaleKind, value: number): string {
  if (kind === "count") return formatShortCount(value);
  const unit = unitFor("latency", value);
  return `${plain(value / unit.factor)} ${unit.name}`;
}

/**
 * A `value` axis from percentile 0 to `last`, on which each further nine takes the same space; see
 * {@linkcode percentilePosition}.
 */
export function percentileAxis(last: number): Record<string, unknown> {
  const max = Math.max(1, percentilePosition(last));
  const nines = Array.from({ length: Math.floor(max) }, (_, i) => i + 1);
  const shown = [0, percentilePosition(50), ...nines];
  return {
    type: "value",
    min: 0,
    max,
    axisTick: { customValues: shown },
    splitLine: { customValues: shown },
    axisLabel: {
      customValues: shown,
      formatter: (value: number) => plain(100 - 100 * 10 ** -value),
    },
  };
}

/** Where a percentile below 100 lies on {@linkcode percentileAxis}: 90 at 1, 99 at 2, 99.9 at 3. */
export function percentilePosition(percentile: number): number {
  return -Math.log10(1 - percentile / 100);
}

/** The parts that all axes share: title, colours. */
export function axis(title: string, options: Record<string, unknown>, theme: ThemeName) {
  const { muted, grid, axis } = THEMES[theme];
  const part = (name: string) => (options[name] ?? {}) as Record<string, unknown>;
  return {
    ...options,
    name: title,
    nameLocation: "middle",
    nameTextStyle: { color: muted, fontSize: 12 },
    axisLine: { show: true, lineStyle: { color: axis } },
    axisTick: { show: true, lineStyle: { color: axis }, ...part("axisTick") },
    axisLabel: { color: muted, fontSize: 11, ...part("axisLabel") },
    splitLine: { lineStyle: { color: grid }, ...part("splitLine") },
  };
}

/** A number without exponent or rounding noise. */
function plain(value: number): string {
  return Number(value.toPrecision(6)).toLocaleString("en-US", { maximumFractionDigits: 6 });
}
