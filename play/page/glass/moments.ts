/** What a trace shows at one of its steps, and how traces of several engines are aligned. Pure. */
import { PHASES as OPEN_PHASES } from "../views/phases.ts";
import type { GlassStep } from "../../protocol.ts";

/** The block as it stood at a step. */
export type Block = NonNullable<GlassStep["block"]>;

/** The block at step `at`: the last one that was recorded. */
export function blockAt(steps: readonly GlassStep[], at: number): Block | undefined {
  return steps.slice(0, at + 1).findLast(({ block }) => block !== undefined)?.block;
}

/** Steps that belong together: from one arrival of bytes to the next. */
export interface Chapter {
  /** Bytes that came, 0 for the FIN; null: the connection was accepted. */
  bytes: number | null;
  /** Its first step, and the one after its last. */
  from: number;
  to: number;
}

/**
 * Divides `steps` where bytes arrive. A call belongs to what it brings: the wait and the receive before
 * an arrival are in its chapter.
 */
export function chaptersOf(steps: readonly GlassStep[]): Chapter[] {
  const chapters: Chapter[] = [{ bytes: null, from: 0, to: 0 }];
  // Where the calls since the last event or want begin.
  let begun = 0;
  steps.forEach(({ kind, name, value }, at) => {
    if (kind === "call" || kind === "operation") return;
    if (kind === "event" && name === "received") {
      chapters.at(-1)!.to = begun;
      chapters.push({ bytes: value!, from: begun, to: at });
    }
    begun = at + 1;
  });
  chapters.at(-1)!.to = steps.length;
  return chapters;
}

/** Chapters of several traces that end with the same bytes. */
export interface AlignedRow {
  /** Bytes that arrive in it; 0 for the FIN; null: the connection was accepted. */
  bytes: number | null;
  /** One for each trace; undefined where these bytes arrived together with the next ones. */
  chapters: (Chapter | undefined)[];
}

/** Aligns `traces`, the chapters of each, by how much has arrived so far. */
export function alignChapters(traces: readonly (readonly Chapter[])[]): AlignedRow[] {
  const all = traces.map((chapters) => {
    const byTotal = new Map<number, Chapter>();
    let total = 0;
    for (const chapter of chapters) {
      const { bytes } = chapter;
      total += bytes ?? 0;
      byTotal.set(bytes === null ? -1 : bytes === 0 ? Infinity : total, chapter);
    }
    return byTotal;
  });
  const totals = [...new Set(all.flatMap((one) => [...one.keys()]))].sort((a, b) => a - b);
  return totals.map((total, i) => ({
    bytes: total < 0 ? null : total === Infinity ? 0 : total - Math.max(0, totals[i - 1]),
    chapters: all.map((one) => one.get(total)),
  }));
}

/** Index of the chapter that step `at` belongs to. */
export function chapterAt(chapters: readonly Chapter[], at: number): number {
  return chapters.findIndex(({ from, to }) => from <= at && at < to);
}

/**
 * The step of `other` that step `at` of `steps` corresponds to: what the connection wants is the same
 * on every engine, the calls between are not.
 */
export function alignedStep(
  steps: readonly GlassStep[],
  at: number,
  other: readonly GlassStep[],
): number {
  const isWant = ({ kind }: GlassStep) => kind === "want";
  const passed = steps.slice(0, at + 1).filter(isWant).length;
  let left = passed;
  const found = other.findIndex((step) => isWant(step) && --left === 0);
  if (passed === 0) return 0;
  return found < 0 ? other.length - 1 : found;
}

/** How often each call was made, by its name without the section: `recv`. */
export function countCalls(steps: readonly GlassStep[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { kind, name } of steps) {
    if (kind === "call") counts.set(callName(name), (counts.get(callName(name)) ?? 0) + 1);
  }
  return counts;
}

/** `recv` of `recv(2)`. */
export function callName(name: string): string {
  return name.replace(/\(\d\)$/, "");
}

/** A step as one line: calls as strace(1) writes them. */
export function stepText({ kind, name, value, detail, error }: GlassStep): string {
  if (kind === "call") {
    return `${callName(name)}(${detail ?? ""}) = ${value}${error === undefined ? "" : ` ${error}`}`;
  }
  const told = value === undefined ? name : `${name} ${value}`;
  const why = [detail, error].filter((part) => part !== undefined).join("; ");
  return why === "" ? told : `${told} (${why})`;
}

/** Steps of `kinds` in short, repetitions counted: `send 10 ×3`. */
export function shortSteps(
  steps: readonly GlassStep[],
  kinds: readonly GlassStep["kind"][],
): string[] {
  const short: { text: string; times: number }[] = [];
  for (const { kind, name, value, error } of steps) {
    if (!kinds.includes(kind)) continue;
    const base = callName(name);
    // The result of a call is shown where it counts bytes, or where the call failed.
    const result = error ??
      (/^(recv|send|sendfile|received|sent)\b/.test(base) ? value : undefined);
    const text = result === undefined ? base : `${base} ${result}`;
    const last = short.at(-1);
    if (last?.text === text) ++last.times;
    else short.push({ text, times: 1 });
  }
  return short.map(({ text, times }) => times === 1 ? text : `${text} ×${times}`);
}

/** What a connection goes through, in order. */
export const PHASES = [...OPEN_PHASES, "closed"] as const;
