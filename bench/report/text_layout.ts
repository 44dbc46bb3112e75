/** Plain text: tables and paragraphs. */

/**
 * Pads the cells of `rows` to columns.
 *
 * @param alignment a letter for each column, `l` or `r`; the last one stands for all that follow
 */
function padCells(rows: readonly (readonly string[])[], alignment = "lr"): string[][] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => widths[i] = Math.max(widths[i] ?? 0, cell.length));
  }
  const isRight = (column: number) => (alignment[column] ?? alignment.at(-1)) === "r";
  return rows.map((row) =>
    row.map((cell, i) => isRight(i) ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))
  );
}

/** Lays `rows` out in columns, two spaces apart; `alignment` is that of {@linkcode padCells}. */
export function table(rows: readonly (readonly string[])[], alignment?: string): string {
  return padCells(rows, alignment).map((cells) => cells.join("  ").trimEnd()).join("\n");
}

/** `rows` as a Markdown table, aligned as `deno fmt` does; the first is its heading. */
export function markdownTable(rows: readonly (readonly string[])[], alignment = "lr"): string {
  const [heading, ...lines] = padCells(rows, alignment);
  const rule = heading.map(({ length }, column) =>
    (alignment[column] ?? alignment.at(-1)) === "r"
      ? "-".repeat(length - 1) + ":"
      : "-".repeat(length)
  );
  return [heading, rule, ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** How {@linkcode wrap} lays out a paragraph. */
export interface WrapOptions {
  /** Most characters of a line. */
  width: number;
  /** What stands before each line. */
  margin: string;
  /** What stands behind the margin of the first line; the others are indented by as much. */
  bullet?: string;
}

/** Breaks `text` into lines at its white space. */
export function wrap(text: string, { width, margin, bullet = "" }: WrapOptions): string {
  const next = margin + " ".repeat(bullet.length);
  const lines: string[] = [];
  let line = margin + bullet;
  let isFirst = true;
  for (const word of text.split(/\s+/)) {
    if (!isFirst && line.length + 1 + word.length > width) {
      lines.push(line);
      line = next + word;
    } else line += isFirst ? word : ` ${word}`;
    isFirst = false;
  }
  return [...lines, line].join("\n");
}
