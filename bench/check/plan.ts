/** Which cases are judged, how many connections they need, and how long they can take. */
import { type Case, type Level, LEVELS } from "./case.ts";

/** The user's choice of cases. */
export interface Choice {
  level: Level;
  /** Only ids that match one of these; none: all. */
  only: readonly string[];
  skip: readonly string[];
}

/** Most cases that run at once, of those that may run together. */
export const PARALLEL = 16;

/** Whether `id` matches `glob`, in which `*` stands for any characters and `?` for one. */
export function matches(glob: string, id: string): boolean {
  const pattern = glob.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*").replaceAll(
    "?",
    ".",
  );
  return new RegExp(`^${pattern}$`, "s").test(id);
}

/** The chosen cases of `all`. A glob without `*` also matches everything below it. */
export function chosen(all: readonly Case[], { level, only, skip }: Choice): Case[] {
  const below = (globs: readonly string[], id: string) =>
    globs.some((glob) => matches(glob, id) || matches(`${glob.replace(/\/$/, "")}/*`, id));
  return all.filter((one) =>
    LEVELS.indexOf(one.level) <= LEVELS.indexOf(level) &&
    (only.length === 0 || below(only, one.id)) && !below(skip, one.id)
  );
}

/** The longest time that judging takes, in ms, with `parallel` cases at once. */
export function mostMs(cases: readonly Case[], timeoutMs: number, parallel: number): number {
  let together = 0;
  let alone = 0;
  for (const one of cases) {
    if (one.isAlone) alone += one.maxMs(timeoutMs);
    else together += one.maxMs(timeoutMs);
  }
  return Math.ceil(alone + together / parallel);
}

/** The most connections that are open at once. */
export function mostConnections(cases: readonly Case[], parallel: number): number {
  const together = cases.filter(({ isAlone }) => !isAlone).map(({ connections }) => connections)
    .sort((a, b) => b - a).slice(0, parallel).reduce((sum, n) => sum + n, 0);
  return Math.max(1, together, ...cases.map(({ connections }) => connections));
}
