/** All experiments, and how one is run. */
import { backlog } from "./backlog.ts";
import { buffers } from "./buffers.ts";
import { cost } from "./cost.ts";
import { edge } from "./edge.ts";
import { type Environment, readEnvironment } from "./environment.ts";
import { keepalive } from "./keepalive.ts";
import type { Lab, LabContext, LabFindings } from "./lab.ts";
import type { VariantResult } from "./measure.ts";
import { models } from "./models.ts";
import { multiplex } from "./multiplex.ts";
import { nagle } from "./nagle.ts";
import { originals } from "./originals.ts";
import { resets } from "./resets.ts";
import { shutdown } from "./shutdown.ts";
import { spawn } from "./spawn.ts";
import { timeouts } from "./timeouts.ts";
import { unbound } from "./unbound.ts";
import { work } from "./work.ts";
import { workqueue } from "./workqueue.ts";

/** The experiments, in the order in which they are listed and run. */
export const LABS: readonly Lab[] = [
  models,
  multiplex,
  edge,
  spawn,
  unbound,
  work,
  workqueue,
  buffers,
  backlog,
  keepalive,
  nagle,
  timeouts,
  shutdown,
  resets,
  cost,
  originals,
];

/** The result of an experiment. */
export interface LabResult extends LabFindings {
  lab: string;
  question: string;
  seconds: number;
  environment: Environment;
}

/** Runs `lab`; `version` is ktcp's. */
export async function runLab(
  lab: Lab,
  context: LabContext,
  version: string,
): Promise<LabResult> {
  const environment = readEnvironment(version, context.isQuick);
  const startMs = performance.now();
  const findings = await lab.run(context);
  const seconds = (performance.now() - startMs) / 1000;
  return { lab: lab.name, question: lab.question, seconds, environment, ...findings };
}

/** How many echoes or requests of an experiment failed. */
export function failuresOf({ variants }: LabResult): number {
  return variants.reduce((sum, { failed }) => sum + failed, 0);
}

/** The document of a result: `lab`, `variants` with their figures, `conclusion`, `environment`. */
export function labDocument(result: LabResult, options: { curves?: boolean } = {}) {
  return {
    lab: result.lab,
    question: result.question,
    setup: result.setup,
    seconds: Number(result.seconds.toFixed(2)),
    variants: result.variants.map((variant) => variantDocument(variant, options)),
    conclusion: result.findings.map(({ text }) => text).join("\n"),
    findings: result.findings,
    environment: result.environment,
  };
}

/** Medians by the figures' names, then their ranges and the samples behind them. */
function variantDocument(variant: VariantResult, { curves = false }: { curves?: boolean }) {
  const { name, group, label, x, failed, samples, spreads } = variant;
  const each = (of: "median" | "low" | "high") =>
    Object.fromEntries(Object.entries(spreads).map(([key, spread]) => [key, rounded(spread[of])]));
  return {
    name,
    group,
    label,
    ...(x === undefined ? {} : { x }),
    runs: samples.length,
    failed,
    ...each("median"),
    low: each("low"),
    high: each("high"),
    samples: samples.map((figures) =>
      Object.fromEntries(Object.entries(figures).map(([key, value]) => [key, rounded(value)]))
    ),
    ...(curves ? { curves: variant.curves } : {}),
    ...(curves && variant.clientsUs.length > 0
      ? { clientsUs: variant.clientsUs.map((us) => us && rounded(us)) }
      : {}),
  };
}

/** Rounds to four decimals, finer than any figure is measured. */
function rounded(value: number): number {
  return Number(value.toFixed(4));
}
