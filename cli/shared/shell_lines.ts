/** Shell commands that are wider than the terminal, broken so that they can still be pasted. */
import { wrap, type WrapOptions } from "../../bench/report/text_layout.ts";

/** A word of a shell's line, with the white space that its quotes hold. */
const WORD = /(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+/g;

/** Keeps an option and what may be its value together. */
function joinValue(words: string[], word: string): string[] {
  const last = words.at(-1) ?? "";
  return /^--?\w\S*$/.test(last) && !word.startsWith("-")
    ? [...words.slice(0, -1), `${last} ${word}`]
    : [...words, word];
}

/** `line` in lines of at most `width` characters where its words allow it, each but the last with `\`. */
export function shellLines(line: string, { width, margin }: WrapOptions): string {
  if (margin.length + line.length <= width) return margin + line;
  const words = (line.match(WORD) ?? []).reduce(joinValue, []);
  // Lines behind the first are indented, and " \" takes two columns.
  const lines = wrap(words, { width: width - 2, margin: margin + "  " }).split("\n");
  return margin + lines.join(" \\\n").trimStart();
}
