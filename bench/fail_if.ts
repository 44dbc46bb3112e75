/**
 * Conditions on a result, as `--fail-if 'p99>20ms'` states them.
 *
 *     condition = metric operator value
 *     metric    = [ phase "." ] figure / "errors" / "unsent" / "rps"
 *     phase     = "connect" / "ttfb" / "late"     ; late: how late an open loop starts
 *     figure    = "min" / "mean" / "sd" / "p50" … "p99.99" / "max"
 *     operator  = ">" / ">=" / "<" / "<=" / "=="
 *     value     = number unit        ; us, ms or s for latencies; none or % for errors, unsent
 */
import { latenciesOf, type Result } from "./result.ts";
import { formatCount, formatLatency } from "../system/units.ts";
import { type Figure, figureLabel, FIGURES } from "./stats/summary.ts";

/** A condition that makes a run fail when it holds. */
export interface FailIf {
  /** As the user wrote it. */
  text: string;
  /** `connect`, `ttfb` or `late`; undefined for the main latency (echo, or whole response). */
  phase?: string;
  metric: Figure | Count;
  operator: keyof typeof OPERATORS;
  /** In microseconds for latencies, in percent if `isPercent`, else a count or a rate. */
  limit: number;
  /**
   * Whether a count is compared as a share: errors of all attempts, unsent requests of those due.
   */
  isPercent: boolean;
}

/** The metrics that are not latencies, and whether they may be a share. */
const COUNTS = { errors: true, unsent: true, rps: false };
type Count = keyof typeof COUNTS;

const PHASES = ["connect", "ttfb", "late"];

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
 * Parses a condition such as `p99>20ms`, `connect.max>=1s`, `errors>0`, `errors>0.1%`, `rps<1000`,
 * `unsent>0`.
 *
 * @throws {SyntaxError} which names what is wrong and what to write
 */
export function parseFailIf(text: string): FailIf {
  const match = SYNTAX.exec(text);
  if (!match) throw invalid(text, "write it like p99>20ms, errors>0 or rps<1000");
  const [, phase, name, operator, number, unit] = match;
  if (phase !== undefined && !PHASES.includes(phase)) {
    throw invalid(text, `'${phase}.' is unknown; write connect., ttfb. or late., or nothing`);
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
  if (phase !== undefined || !Object.hasOwn(COUNTS, name)) {
    const figures = FIGURES.map(figureLabel).join(", ");
    throw invalid(text, `'${name}' is unknown; known are ${figures}, errors, unsent and rps`);
  }
  const metric = name as Count;
  if (unit !== "" && !(unit === "%" && COUNTS[metric])) {
    throw invalid(text, `'${name}' takes no unit '${unit}'`);
  }
  return { ...condition, metric, limit: Number(number), isPercent: unit === "%" };
}

/**
 * Evaluates `condition` on `result`. A latency without samples, or a phase that the command does
 * not measure, fails too.
 *
 * @returns why the run fails, or null when it does not
 */
export function evaluateFailIf(condition: FailIf, result: Result): string | null {
  const actual = valueOf(condition, result);
  if (actual === null) return `${condition.text}: it was not measured${hintFor(condition)}`;
  if (!OPERATORS[condition.operator](actual, condition.limit)) return null;
  return `${condition.text}: it is ${format(condition, actual)}`;
}

/** A hint why the figure is missing, if known. */
function hintFor({ metric, phase }: FailIf): string {
  return metric === "unsent" || phase === "late"
    ? ", because the run had no schedule (--rate)"
    : "";
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
  const schedule = result.command === "htstress" ? result.schedule ?? null : null;
  if (metric === "unsent") {
    if (schedule === null) return null;
    return isPercent ? 100 * schedule.unsent / Math.max(1, schedule.due) : schedule.unsent;
  }
  if (phase === "late") return schedule?.lateUs[metric] ?? null;
  const latencies = latenciesOf(result);
  const measured = phase === undefined
    ? latencies.at(-1)
    : latencies.find(({ name }) => name === phase);
  return measured?.latency[metric] ?? null;
}

function format({ metric, isPercent }: FailIf, actual: number): string {
  if (isPercent) return `${actual.toFixed(3)}%`;
  return Object.hasOwn(COUNTS, metric) ? formatCount(actual) : formatLatency(actual);
}
