/**
 * Labs that users write, each in a file of its own: `ktcp lab ./mine.ts`. The file exports a
 * function that makes the lab of {@linkcode LabTools}, so that it needs to import nothing but types.
 */
import type { Lab } from "./lab.ts";
import { echoSample, httpSample, withServers } from "./loads.ts";
import { measure } from "./measure.ts";
import { finding, noiseFinding } from "./verdict.ts";

export type {
  Drawing,
  ForeignTarget,
  Lab,
  LabContext,
  LabFindings,
  LabHost,
  LabServer,
  Protocol,
  Target,
} from "./lab.ts";
export type { EchoLoad, EchoSample, HttpLoad, HttpSample } from "./loads.ts";
export type { MeasureOptions, Sample, VariantResult, VariantSpec } from "./measure.ts";
export { type FigureKey, FIGURES, type FigureValues } from "./figures.ts";
export type { Finding, Verdict } from "./verdict.ts";
export type { Verdict as JudgedVerdict } from "../stats/verdict.ts";
export {
  type Trial,
  type TrialGroup,
  type TrialLabel,
  WORKQUEUE_TRIALS,
  type WorkqueueTrials,
} from "./workqueue_trials.ts";
export { CLIENT_ENGINES, type ClientEngine } from "../load/engine.ts";
export type { HttpErrors } from "../result.ts";
export type { KernelCounters } from "../../system/netstat.ts";
export type { CurvePoint, LatencyHistogram } from "../stats/histogram.ts";
export type { Spread } from "../stats/spread.ts";
export type { DropOutcome } from "../../system/sockets/port_sockets.ts";
export type { ServerCommand, ServerSummary, StartedServer } from "../processes/server.ts";
export { echoSample, finding, httpSample, measure, noiseFinding, withServers };

/** What labs are made with. */
export interface LabTools {
  /** Repeats variants in turn, and sums them up. */
  measure: typeof measure;
  /** An HTTP load as a sample. */
  httpSample: typeof httpSample;
  /** An echo load as a sample. */
  echoSample: typeof echoSample;
  /** Runs something with servers, and stops them whatever becomes of it. */
  withServers: typeof withServers;
  /** How two variants compare, in a sentence. */
  finding: typeof finding;
  /** How far the repetitions lie apart, in a sentence. */
  noiseFinding: typeof noiseFinding;
}

/** A lab, with what may be left out: targets are not compared then, and its duration is unknown. */
export type CustomLab = Omit<Lab, "takes" | "seconds"> & Partial<Pick<Lab, "takes" | "seconds">>;

/** What the file exports as its default. */
export type LabMaker = (tools: LabTools) => CustomLab;

const TOOLS: LabTools = { measure, httpSample, echoSample, withServers, finding, noiseFinding };

/**
 * Loads the lab that the module at `url` makes.
 *
 * @throws {TypeError} when the module exports no such function, or the function makes no lab
 * @throws what loading the module fails with
 */
export async function loadLab(url: URL): Promise<Lab> {
  const { default: make } = await import(url.href);
  if (typeof make !== "function") {
    throw new TypeError("it has no function as its default export, which makes a lab");
  }
  const lab: CustomLab | undefined = make(TOOLS);
  const missing = (["name", "question", "run"] as const).find((key) => lab?.[key] === undefined);
  if (lab === undefined || missing !== undefined) {
    throw new TypeError(`the lab that it makes has no '${missing}'`);
  }
  return { ...lab, takes: lab.takes ?? [], seconds: lab.seconds ?? { quick: 0, full: 0 } };
}
