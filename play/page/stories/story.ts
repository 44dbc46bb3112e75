/** The form of a story: plain data in both languages, with tests for its predictions. */
import type { LoadSetup, ServerSetup } from "../../protocol.ts";
import type { Language } from "../i18n/mod.ts";
import type { RunFigures } from "../runs/figures.ts";

/** A text in each language. */
export type Text = Readonly<Record<Language, string>>;

/** The labs of `docs/labs`, in the order of the course. */
export const LABS = [
  "backlog",
  "multiplex",
  "edge",
  "models",
  "spawn",
  "workqueue",
  "unbound",
  "work",
  "buffers",
  "keepalive",
  "timeouts",
  "nagle",
  "resets",
  "shutdown",
  "cost",
  "originals",
] as const;

export type Lab = (typeof LABS)[number];

/** A server and a load on it, one after the other. */
export interface StoryStep {
  label: Text;
  /** What differs from the default server. */
  server: Partial<ServerSetup>;
  /** What differs from the default load. */
  load: Partial<LoadSetup>;
  /** When the server is told to stop, in ms after the first answer. */
  stopAfterMs?: number;
}

/** One of the predictions. */
export interface Choice {
  id: string;
  text: Text;
  /** Whether the figures of the steps confirm it. An unknown figure confirms nothing. */
  holds: (figures: readonly RunFigures[]) => boolean;
}

/** A story. */
export interface Story {
  lab: Lab;
  question: Text;
  /** How it differs from the lab, where it does. */
  near?: Text;
  /** What to look at while it runs. */
  look: readonly Text[];
  predict: { question: Text; choices: readonly Choice[] };
  steps: readonly StoryStep[];
  /** The figures that are shown at the end. */
  figures: readonly (keyof RunFigures)[];
  /** What the figures mean. */
  meaning: Text;
}

/** A text in both languages. */
export function both(en: string, zhTw: string): Text {
  return { en, "zh-TW": zhTw };
}

/** Whether `value` is known, at least `from` and less than `to`. */
export function within(value: number | null | undefined, from: number, to: number): boolean {
  return value !== null && value !== undefined && value >= from && value < to;
}

/** `a / b`; null where one is not known. */
export function ratio(
  a: number | null | undefined,
  b: number | null | undefined,
): number | null {
  return a === null || a === undefined || !b ? null : a / b;
}
