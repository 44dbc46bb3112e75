/**
 * Draws conclusions from measured numbers; `stats/verdict.ts` defines when two variants differ.
 */
import { type FigureKey, figureOf, formatFigure, formatSpread } from "./figures.ts";
import type { VariantResult } from "./measure.ts";
import { relativeSpread } from "../stats/spread.ts";
import { EQUAL_RATIO, judge, NOISY_SPREAD, type Verdict as Judged } from "../stats/verdict.ts";
import { rowName } from "./tables.ts";

/** How the first of two variants compares with the second in one figure. */
export type Verdict = Judged | "unmeasured";

/** A sentence of a conclusion, and its basis. */
export interface Finding {
  /** The sentence. */
  text: string;
  /** What it is about; for comparisons, the variants and the figure. */
  about?: string;
  /** The outcome of a comparison. */
  verdict?: Verdict;
  /** Median of the first over that of the second. */
  ratio?: number;
}

/** The outcome of a comparison. */
export interface Comparison {
  verdict: Verdict;
  /** NaN if one of the two was not measured, or the second is 0. */
  ratio: number;
}

/** Compares `a` with `b` in `key`. */
export function compare(
  a: VariantResult | undefined,
  b: VariantResult | undefined,
  key: FigureKey,
): Comparison {
  const [left, right] = [a?.spreads[key], b?.spreads[key]];
  if (!left || !right) return { verdict: "unmeasured", ratio: NaN };
  const ratio = left.median / right.median;
  const measurements = Math.min(a!.samples.length, b!.samples.length);
  return { verdict: judge(left, right, measurements), ratio };
}

/**
 * Says how `a` compares with `b`: `echo: 23,682 messages/s with per-core, 5,671 messages/s with
 * shared-pool: 4.2 times as much.`
 *
 * @param options `meaning`: the conclusion from each verdict, added to the sentence
 */
export function finding(
  a: VariantResult | undefined,
  b: VariantResult | undefined,
  key: FigureKey,
  options: { meaning?: Partial<Record<Verdict, string>> } = {},
): Finding[] {
  const { verdict, ratio } = compare(a, b, key);
  // A variant is missing (the run was interrupted): there is nothing to compare.
  if (verdict === "unmeasured" || !a || !b) return [];
  const range = (v: VariantResult) =>
    `${formatFigure(key, v.spreads[key]!.low)} to ${formatFigure(key, v.spreads[key]!.high)}`;
  const said = {
    higher: `${factor(ratio)} times as much.`,
    lower: `less by a factor of ${factor(1 / ratio)}.`,
    equal: `about equal (within ${Math.round((EQUAL_RATIO - 1) * 100)}%).`,
    unclear: a.samples.length < 2
      ? "measured only once, too little to conclude."
      : `too noisy to conclude, the repetitions range over ${range(a)} and ${range(b)}.`,
  }[verdict];
  const meaning = options.meaning?.[verdict];
  const isOneGroup = a.group === b.group;
  const name = (v: VariantResult) => isOneGroup ? rowName(v) : v.name;
  const text = `${isOneGroup ? `${a.group}: ` : ""}${valueOf(a, key)} with ${name(a)}, ` +
    `${valueOf(b, key)} with ${name(b)}: ${said}${meaning ? ` ${meaning}` : ""}`;
  return [{ text, about: `${a.name} / ${b.name}: ${key}`, verdict, ratio }];
}

/**
 * Says how the servers of `--target` in the group of `own` compare with it at the same `x`.
 */
export function targetFindings(
  targets: readonly { name: string }[],
  variants: readonly VariantResult[],
  own: VariantResult | undefined,
  key: FigureKey,
): Finding[] {
  return targets.flatMap(({ name }) => {
    const foreign = variants.find((variant) =>
      variant.label === name && variant.group === own?.group && variant.x === own.x
    );
    return finding(foreign, own, key);
  });
}

/** The median of a figure with its name: `5,915 requests/s`, `CPU/request 8.44 µs`. */
function valueOf({ spreads }: VariantResult, key: FigureKey): string {
  const { label, kind } = figureOf(key);
  const value = formatFigure(key, spreads[key]!.median);
  return kind === "latency" || kind === "ns" ? `${label} ${value}` : `${value} ${label}`;
}

/** A ratio with two or three digits: `4.2`, `0.13`, `310`. */
export function factor(ratio: number): string {
  return ratio >= 100 ? String(Math.round(ratio)) : String(Number(ratio.toPrecision(2)));
}

/** The noise of the run as a sentence, from the repetitions of `key`. */
export function noiseFinding(variants: readonly VariantResult[], key: FigureKey): Finding[] {
  const spreads = variants.flatMap((variant) => {
    const spread = variant.spreads[key];
    return spread && spread.low > 0 && variant.samples.length > 1
      ? [{ name: variant.name, spread, ratio: spread.high / spread.low }]
      : [];
  }).sort((a, b) => a.ratio - b.ratio);
  if (spreads.length === 0) return [];
  const middle = spreads[Math.floor(spreads.length / 2)];
  const worst = spreads.at(-1)!;
  const above = (ratio: number) => `${Math.round(100 * (ratio - 1))}%`;
  const range = formatSpread(key, worst.spread);
  const text = `Noise: the highest ${figureOf(key).label} of a variant's repetitions lies ` +
    `${above(middle.ratio)} above the lowest in the middle, at worst ${above(worst.ratio)} ` +
    `(${worst.name}${range && `: ${range}`}).` +
    (relativeSpread(middle.spread) > NOISY_SPREAD
      ? " That is a lot: close other programs, or repeat more often with --rounds."
      : "");
  return [{ text }];
}
