/**
 * Styled text, broken into lines for a terminal. Widths are in columns: a Chinese character takes
 * two, and a line may end after any of them. Pure.
 */
import stringWidth from "string-width";

/** How a piece of text looks. */
export type Style = "plain" | "strong" | "emphasis" | "code" | "link" | "heading";

/** A piece of text in one style. */
export interface Span {
  text: string;
  style: Style;
}

/** SGR parameters that begin a style, and those that end it. */
const CODES: Record<Exclude<Style, "plain">, [begin: number, end: number]> = {
  strong: [1, 22],
  emphasis: [3, 23],
  code: [36, 39],
  link: [4, 24],
  heading: [1, 22],
};

/** Characters that must not begin a line, and those that must not end one. */
const CLOSING = /^[\p{Pe}\p{Pf},.;:!?%、。，．：；！？…—]/u;
const OPENING = /[\p{Ps}\p{Pi}]$/u;

/** Columns that `text` takes. */
export function columnsOf(text: string): number {
  return stringWidth(text);
}

/** An unbreakable unit of spans. */
interface Cluster {
  spans: Span[];
  columns: number;
  /** Whether white space stood before it. */
  hasGap: boolean;
}

/** White space, one wide character, or a run of others. */
const ATOMS =
  /\s+|[\p{Script=Han}\p{Script=Bopomofo}\u3000-\u303f\uff00-\uffef]|[^\s\p{Script=Han}\p{Script=Bopomofo}\u3000-\u303f\uff00-\uffef]+/gu;

const isWide = (text: string) => columnsOf(text.slice(-1)) === 2;

function clustersOf(spans: readonly Span[]): Cluster[] {
  const clusters: Cluster[] = [];
  let hasGap = false;
  let before = "";
  for (const { text, style } of spans) {
    for (const [atom] of text.matchAll(ATOMS)) {
      if (/^\s/.test(atom)) {
        hasGap = true;
        continue;
      }
      const mayBreak = hasGap || before === "" ||
        (isWide(before) || columnsOf(atom[0]) === 2) && !CLOSING.test(atom) &&
          !OPENING.test(before);
      const columns = columnsOf(atom);
      if (mayBreak) clusters.push({ spans: [{ text: atom, style }], columns, hasGap });
      else {
        const last = clusters.at(-1)!;
        last.spans.push({ text: atom, style });
        last.columns += columns;
      }
      hasGap = false;
      before = atom;
    }
  }
  return clusters;
}

/** Columns of the widest part of `spans` that cannot be broken. */
export function widestPart(spans: readonly Span[]): number {
  return Math.max(0, ...clustersOf(spans).map(({ columns }) => columns));
}

/** Cuts `text` into lines of at most `columns`, anywhere. */
export function cut(text: string, columns: number): string[] {
  const lines = [""];
  let used = 0;
  for (const character of text) {
    const width = columnsOf(character);
    if (used + width > columns && used > 0) {
      lines.push("");
      used = 0;
    }
    lines[lines.length - 1] += character;
    used += width;
  }
  return lines;
}

/** Breaks `spans` into lines of at most `columns`; units longer than a line are cut. */
export function breakLines(spans: readonly Span[], columns: number): Span[][] {
  const lines: Span[][] = [[]];
  let used = 0;
  for (const cluster of clustersOf(spans)) {
    const gap = cluster.hasGap && used > 0 ? 1 : 0;
    if (used > 0 && used + gap + cluster.columns > columns) {
      lines.push([]);
      used = 0;
    } else if (gap > 0) {
      // Within one style the space has that style, too, so that a link is underlined as a whole.
      const before = lines.at(-1)!.at(-1)!.style;
      const style = before === cluster.spans[0].style ? before : "plain";
      lines.at(-1)!.push({ text: " ", style });
      used += gap;
    }
    for (const { text, style } of cluster.spans) {
      const [first, ...rest] = cut(text, Math.max(1, columns - used)).length > 1 &&
          cluster.columns > columns
        ? cut(text, Math.max(1, columns))
        : [text];
      if (used > 0 && used + columnsOf(first) > columns) {
        lines.push([]);
        used = 0;
      }
      lines.at(-1)!.push({ text: first, style });
      used += columnsOf(first);
      for (const part of rest) {
        lines.push([{ text: part, style }]);
        used = columnsOf(part);
      }
    }
  }
  return lines;
}

/**
 * A line as terminal output. Without colour there are no escape sequences, and code keeps the
 * backticks of its source.
 */
export function paint(line: readonly Span[], hasColour: boolean): string {
  return line.map(({ text, style }, i) => {
    if (!hasColour || style === "plain") return text;
    const [begin, end] = CODES[style];
    // Neighbours of one style are one run.
    const isFirst = line[i - 1]?.style !== style;
    const isLast = line[i + 1]?.style !== style;
    return `${isFirst ? `\x1b[${begin}m` : ""}${text}${isLast ? `\x1b[${end}m` : ""}`;
  }).join("");
}
