/** Phases of connections as they are drawn. */
import type { CONNECTION_PHASES, ConnectionPhase } from "../../../servers/models/server_sample.ts";

/** The phases by their indexes in samples; the type keeps this list equal to the original. */
export const PHASES: typeof CONNECTION_PHASES = [
  "idle",
  "head",
  "content",
  "working",
  "sending",
  "lingering",
];

/** How a phase is drawn: with its own shape, and its own colour. */
export interface PhaseMark {
  /** SVG path in a square of side 10; empty: the bare cell. */
  path: string;
  colour: number;
}

export const PHASE_MARKS: Readonly<Record<ConnectionPhase, PhaseMark>> = {
  idle: { path: "", colour: 7 },
  head: { path: "M0 0L10 10H0Z", colour: 5 },
  content: { path: "M0 0H10V10H0Z", colour: 3 },
  working: { path: "M5 0L10 5L5 10L0 5Z", colour: 2 },
  sending: { path: "M0 0L10 5L0 10Z", colour: 1 },
  lingering: { path: "M0 0H10L0 10H10Z", colour: 4 },
};
