/** The vocabulary of the judge: cases and their outcomes. */
import type { Target } from "./target.ts";

/**
 * How serious a failure is. `must`: the protocol or the named RFC requires it. `should`: it is
 * recommended, but mature servers differ in it. `hardening`: what ktcp does beyond that.
 */
export const LEVELS = ["must", "should", "hardening"] as const;
export type Level = typeof LEVELS[number];

/** The groups, in the order in which they are run. */
export const GROUPS = [
  "bytes",
  "stream",
  "framing",
  "persistence",
  "concurrency",
  "robustness",
  "resources",
  "end",
] as const;
export type Group = typeof GROUPS[number];

/** `unclear`: it ran and cannot be judged from outside; `skipped`: it did not run. */
export const VERDICTS = ["pass", "fail", "unclear", "skipped"] as const;
export type Verdict = typeof VERDICTS[number];

/** The outcome of one case. */
export interface Outcome {
  verdict: Verdict;
  /** What was observed, or why there is no verdict; a sentence without a period. */
  why: string;
  /** The id of the likely cause, see `causes.ts`. */
  cause?: string;
  /** The bytes sent, escaped, with `|` where a write ended; see `escape.ts`. */
  sent?: string;
  /** The bytes received, escaped. */
  received?: string;
  /** What should have been received. */
  expected?: string;
}

/** One thing to judge. */
export interface Case {
  /** Group, topic and name, separated by `/`; unique. */
  id: string;
  group: Group;
  level: Level;
  title: string;
  /** RFC and section, or man page. */
  reference: string;
  /** The cause that a failure points to unless the procedure finds another. */
  cause?: string;
  /** The longest time that it takes, in ms, if a single wait takes `timeoutMs`. */
  maxMs(timeoutMs: number): number;
  /** Connections that it holds open at once. */
  connections: number;
  /** Whether it must run while no other case does. */
  isAlone: boolean;
  /** @throws {ServerGone} when the server accepts no connection */
  run(target: Target): Promise<Outcome>;
}

/** A case with its outcome. */
export type Judged = Omit<Case, "run" | "maxMs" | "connections" | "isAlone"> & Outcome;

/** An outcome `pass`. */
export function pass(why = "as it should be"): Outcome {
  return { verdict: "pass", why };
}

/** An outcome `fail`. */
export function fail(why: string, details: Omit<Outcome, "verdict" | "why"> = {}): Outcome {
  return { verdict: "fail", why, ...details };
}

/** An outcome `unclear`. */
export function unclear(why: string): Outcome {
  return { verdict: "unclear", why };
}

/** An outcome `skipped`. */
export function skipped(why: string): Outcome {
  return { verdict: "skipped", why };
}
