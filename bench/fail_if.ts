/**
 * Conditions on a result, as `--fail-if 'p99>20ms'` states them.
 *
 *     condition = metric operator value
 *     metric    = [ "connect." / "ttfb." ] figure / "errors" / "rps"
 *     figure    = "min" / "mean" / "sd" / "p50" … "p99.99" / "max"
 *     operator  = ">" / ">=" / "<" / "<=" / "=="
 *     value     = number unit        ; us, ms or s for latencies; none or % for errors
 */
import { latenciesOf, type Result } from "./result.ts";
import { formatCount, formatLatency } from "../system/units.ts";
import { type Figure, figureLabel, FIGURES } from "./stats/summary.ts";

/** A condition that makes a run fail when it holds. */
export interface FailIf {
  /** As the user wrote it. */
  text: string;
  /** `connect` or `ttfb`; undefined for the main latency (echo, or whole response). */
  phase?: string;
  metric: Figure | "errors" | "rps";
  operator: keyof typeof OPERATORS;
  /** In microseconds for latencies, in percent when `isPercent`, else a count or a rate. */
  limit: number;
  /** Whether `errors` is held as a share of all attempts. */
  isPercent: boolean;
}

const OPERATORS = {
  ">": (a: number, b: number) => a > b,
  ">=": (a: number, b: number) => a >= b,
  "<": (a: number, b: number) => a < b,
  "<=": (a: number, b: number) => a <= b,
  "==": (a: number, b: number) => a === b,
};

const UNITS_US: Record<string, number> = { us: 1, "µs": 1, ms: 1e3, s: 1e6 };

const SYNTAX =
  /^\s*(?:(\w+)\.)??([a-z]+[\d.]*)\s*(>=|<=|==|>|<)\s*(\d+(?:\.\d+)?)\s*([a-zµ%]*)\s*$/;

/**
 * Parses a condition such as `p99>20ms`, `connect.max>=1s`, `errors>0`, `errors>0.1%`, `rps<1000`.
 *
 * @throws {SyntaxError} which names what is wrong and what to write
 */
export function parseFailIf(text: string): FailIf {
  const match = SYNTAX.exec(text);
  if (!match) throw invalid(text, "write it like p99>20ms, errors>0 or rps<1000");
  const [, phase, name, operator, number, unit] = match;
  if (phase !== undefined && phase !== "connect" && phase !== "ttfb") {
    throw invalid(text, `'${phase}.' is unknown; write connect. or ttfb. or nothing`);
  }
  const figure = FIGURES.find((figure) => figure === name || figureLabel(figure) === name);
  const condition = { text: text.trim(), operator: operator as FailIf["operator"] };
  if (figure) {
    const factor = UNITS_US[unit];
    if (factor === undefined) throw invalid(text, `'${name}' needs a time in us, ms or s`);
    return {
      ...condition,
      phase,
      metric: figure,
      limit: Number(number) * factor,
      isPercent: false,
    };
  }
  if (phase !== undefined || (name !== "errors" && name !== "rps")) {
    const figures = FIGURES.map(figureLabel).join(", ");
    throw invalid(text, `'${name}' is unknown; known are ${figures}, errors and rps`);
  }
  if (unit !== "" && !(unit === "%" && name === "errors")) {
    throw invalid(text, `'${name}' takes no unit '${unit}'`);
  }
  return { ...condition, metric: name, limit: Number(number), isPercent: unit === "%" };
}

/**
 * Evaluates `condition` on `result`. A latency without samples, or a phase that the command does
 * not measure, fails too.
 *
 * @returns why the run fails, or null when it does not
 */
export function evaluateFailIf(condition: FailIf, result: Result): string | null {
  const actual = valueOf(condition, result);
  if (actual === null) return `${condition.text}: no such latency was measured`;
  if (!OPERATORS[condition.operator](actual, condition.limit)) return null;
  return `${condition.text}: it is ${format(condition, actual)}`;
}

function invalid(text: string, hint: string): SyntaxError {
  return new SyntaxError(`Not a condition: '${text}'; ${hint}`);
}

function valueOf({ metric, phase, isPercent }: FailIf, result: Result): number | null {
  if (metric === "rps") {
    return result.command === "bench" ? result.messagesPerSecond : result.requestsPerSecond;
  }
  if (metric === "errors") {
    const [errors, attempts] = result.command === "bench"
      ? [result.failed, result.attempted]
      : [result.bad + result.socketErrors, result.requests];
    return isPercent ? 100 * errors / Math.max(1, attempts) : errors;
  }
  const latencies = latenciesOf(result);
  const measured = phase === undefined
    ? latencies.at(-1)
    : latencies.find(({ name }) => name === phase);
  return measured?.latency[metric] ?? null;
}

function format({ metric, isPercent }: FailIf, actual: number): string {
  if (isPercent) return `${actual.toFixed(3)}%`;
  return metric === "errors" || metric === "rps" ? formatCount(actual) : formatLatency(actual);
}
