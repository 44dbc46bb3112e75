/**
 * Repeats the variants of an experiment in alternation: A B C, C B A, A B C … so that drift
 * (clock rate, other processes, caches) affects all of them alike.
 */
import { type CurvePoint, LatencyHistogram } from "../stats/histogram.ts";
import type { FigureKey, FigureValues } from "./figures.ts";
import { type Spread, spreadOf } from "../stats/spread.ts";

/** Settings of a series of measurements. */
export interface MeasureOptions {
  /** Repetitions of each variant. */
  rounds: number;
  /** Ends the series; the measurements so far are its result. */
  signal: AbortSignal;
  /**
   * Called before each measurement, with the number done, the total, and the name of the next one.
   */
  onProgress(done: number, total: number, name: string): void;
}

/** One measurement. */
export interface Sample {
  /** The measured figures, by name. */
  figures: FigureValues;
  /** Echoes or requests that failed. */
  failed: number;
  /** Distributions by name; they are merged over the repetitions. */
  latencies?: Record<string, LatencyHistogram>;
  /** Mean latency of each client by its index, in µs; null if it has none. */
  clientsUs?: (number | null)[];
}

/** A variant of an experiment, before it is measured. */
export interface VariantSpec {
  /** Variants of a group share a table: they differ in one thing, or in `x`. */
  group: string;
  /** What distinguishes it from the others of its group. */
  label: string;
  /** Its position on an axis: concurrency, message size. */
  x?: number;
  /** `x` in the name of the variant; default: the number. */
  xText?: string;
  /** `x` on an axis; default: as in the name. */
  tick?: string;
  /** Measures once. */
  run(): Promise<Sample>;
}

/** A measured variant of an experiment. */
export interface VariantResult {
  /** Unique in its experiment. */
  name: string;
  /** As in its {@linkcode VariantSpec}. */
  group: string;
  /** As in its {@linkcode VariantSpec}. */
  label: string;
  /** As in its {@linkcode VariantSpec}. */
  x?: number;
  /** As in its {@linkcode VariantSpec}. */
  xText?: string;
  /** As in its {@linkcode VariantSpec}. */
  tick?: string;
  /** Failed echoes or requests over all repetitions. */
  failed: number;
  /** The figures of each repetition. */
  samples: FigureValues[];
  /** Median and range of each figure. */
  spreads: Partial<Record<FigureKey, Spread>>;
  /** Distributions over all repetitions. */
  curves: Record<string, CurvePoint[]>;
  /** Mean latency of each client over all repetitions, in µs; null if it has none. */
  clientsUs: (number | null)[];
}

/** The unique name of a variant. */
function variantName({ group, label, x, xText }: Omit<VariantSpec, "run">): string {
  const place = x === undefined ? "" : `, ${xText ?? x}`;
  return `${group}: ${label}${place}`;
}

/** Measures each of `specs` `rounds` times. */
export async function measure(
  specs: readonly VariantSpec[],
  { rounds, signal, onProgress }: MeasureOptions,
): Promise<VariantResult[]> {
  const samples = new Map<VariantSpec, Sample[]>(specs.map((spec) => [spec, []]));
  let done = 0;
  for (let round = 0; round < rounds; round++) {
    for (const spec of round % 2 === 0 ? specs : specs.toReversed()) {
      if (signal.aborted) break;
      onProgress(done++, specs.length * rounds, variantName(spec));
      const sample = await runUnlessAborted(spec, signal);
      if (sample) samples.get(spec)!.push(sample);
    }
  }
  return specs.map((spec) => summarizeVariant(spec, samples.get(spec)!));
}

/** Runs `spec`; null if it was interrupted, as its figures would be wrong. */
async function runUnlessAborted(spec: VariantSpec, signal: AbortSignal): Promise<Sample | null> {
  try {
    const sample = await spec.run();
    return signal.aborted ? null : sample;
  } catch (error) {
    // Ctrl-C in a terminal also reaches the servers, so this may be its effect.
    if (signal.aborted) return null;
    throw error;
  }
}

/** Sums the `samples` of a variant up. */
export function summarizeVariant(
  spec: Omit<VariantSpec, "run">,
  samples: readonly Sample[],
): VariantResult {
  const keys = new Set(samples.flatMap(({ figures }) => Object.keys(figures) as FigureKey[]));
  const spreads: VariantResult["spreads"] = {};
  for (const key of keys) {
    const spread = spreadOf(samples.flatMap(({ figures }) => figures[key] ?? []));
    if (spread) spreads[key] = spread;
  }
  const { group, label, x, xText, tick } = spec;
  return {
    name: variantName(spec),
    group,
    label,
    x,
    xText,
    tick,
    failed: samples.reduce((sum, { failed }) => sum + failed, 0),
    samples: samples.map(({ figures }) => figures),
    spreads,
    curves: mergedCurves(samples),
    clientsUs: meansByClient(samples),
  };
}

function meansByClient(samples: readonly Sample[]): (number | null)[] {
  const count = Math.max(0, ...samples.map(({ clientsUs = [] }) => clientsUs.length));
  return Array.from({ length: count }, (_, client) => {
    const values = samples.flatMap(({ clientsUs = [] }) => clientsUs[client] ?? []);
    return values.length === 0 ? null : values.reduce((a, b) => a + b) / values.length;
  });
}

function mergedCurves(samples: readonly Sample[]): Record<string, CurvePoint[]> {
  const merged = new Map<string, LatencyHistogram>();
  for (const { latencies = {} } of samples) {
    for (const [name, part] of Object.entries(latencies)) {
      const total = merged.get(name) ?? new LatencyHistogram();
      merged.set(name, total);
      total.merge(part);
    }
  }
  return Object.fromEntries([...merged].map(([name, histogram]) => [name, histogram.curve()]));
}
