/** Cases as data: each entry of a group's file names a procedure and its parameters. */
import type { Case, Group, Level, Outcome } from "./case.ts";
import { LEVELS } from "./case.ts";
import type { Target } from "./target.ts";

/** An entry of `KIND/cases/GROUP.json`. */
export interface Entry {
  /** Topic and name below the group: `small/nul-bytes`. */
  id: string;
  level: Level;
  title: string;
  reference: string;
  cause?: string;
  /** The name of the procedure. */
  run: string;
  /** The procedure's parameters. */
  with?: Parameters;
}

/** The parameters of a procedure: numbers and texts by name; texts are latin1. */
export type Parameters = Readonly<Record<string, number | string | boolean>>;

/** How a kind of case is judged. The parameters are those of the entry. */
export interface Procedure {
  /** Longest time; see {@link Case.maxMs}. */
  maxMs(timeoutMs: number, parameters: Parameters): number;
  /** Connections at once (1). */
  connections?(parameters: Parameters): number;
  /** Default false. */
  isAlone?: boolean;
  run(target: Target, parameters: Parameters): Promise<Outcome>;
}

/**
 * The cases of a group's file.
 *
 * @throws {Error} which names the entry, when it is not of the form described here
 */
export function casesOf(
  group: Group,
  entries: readonly unknown[],
  procedures: Readonly<Record<string, Procedure>>,
): Case[] {
  return (entries as Entry[]).map((entry) => {
    const procedure = procedures[entry.run];
    const { level, title, reference, cause, with: parameters = {} } = entry;
    if (!procedure || !LEVELS.includes(level) || !entry.id || !title || !reference) {
      throw new Error(`${group}.json: the entry '${entry.id}' is incomplete`);
    }
    return {
      id: `${group}/${entry.id}`,
      group,
      level,
      title,
      reference,
      ...(cause === undefined ? {} : { cause }),
      maxMs: (timeoutMs) => procedure.maxMs(timeoutMs, parameters),
      connections: procedure.connections?.(parameters) ?? 1,
      isAlone: procedure.isAlone ?? false,
      run: (target) => procedure.run(target, parameters),
    };
  });
}
