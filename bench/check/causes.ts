/** Likely causes of failures in the server's code. One cause may explain many failed cases. */
import causes from "./causes.json" with { type: "json" };
import { type Judged, type Level, LEVELS } from "./case.ts";

/** A likely cause. */
export interface Cause {
  id: string;
  /** What the server does, a sentence without a period. */
  title: string;
  /** Where to look in the code, and what to do. */
  advice: string;
}

/** A cause with the failed cases that it explains. */
export interface FoundCause extends Cause {
  /** The most serious level among them. */
  level: Level;
  cases: Judged[];
}

/** All causes, those that explain most first, such as a crash of the server. */
export const CAUSES: readonly Cause[] = causes;

const rank = new Map(CAUSES.map(({ id }, i) => [id, i]));

/**
 * The causes of the failed cases among `judged`: musts first, then in the order of {@link CAUSES},
 * which begins with those that explain others. Failures without a known cause are listed one by
 * one.
 */
export function foundCauses(judged: readonly Judged[]): FoundCause[] {
  const found = new Map<string, FoundCause>();
  for (const one of judged) {
    if (one.verdict !== "fail") continue;
    const known = CAUSES[rank.get(one.cause ?? "") ?? -1];
    const cause = known ?? { id: one.id, title: one.why, advice: "" };
    const entry = found.get(cause.id) ?? { ...cause, level: one.level, cases: [] };
    entry.cases.push(one);
    if (LEVELS.indexOf(one.level) < LEVELS.indexOf(entry.level)) entry.level = one.level;
    found.set(cause.id, entry);
  }
  const order = ({ id, level }: FoundCause) =>
    LEVELS.indexOf(level) * 10_000 + (rank.get(id) ?? 9_999);
  return [...found.values()].sort((a, b) => order(a) - order(b));
}
