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

/**
 * Like {@linkcode table}, in at most `width` columns: if it would be wider, it is transposed, and
 * if that is too wide as well, it is split into several tables.
 */
export function fittingTable(rows: readonly (readonly string[])[], width: number): string {
  const whole = table(rows);
  if (widthOf(whole) <= width) return whole;
  const [names, ...columns] = rows;
  const tables: string[] = [];
  for (let first = 0; first < columns.length;) {
    let count = columns.length - first;
    const turned = () => {
      const shown = [names, ...columns.slice(first, first + count)];
      return table(names.map((_, i) => shown.map((row) => row[i])));
    };
    while (count > 1 && widthOf(turned()) > width) count--;
    tables.push(turned());
    first += count;
  }
  return tables.join("\n\n");
}

/**
 * Like {@linkcode table}, in at most `width` columns if possible: columns without room go into
 * further tables below, each of which repeats the first column and omits empty lines.
 */
export function columnBlocks(rows: readonly (readonly string[])[], width: number): string {
  const columns = Math.max(...rows.map(({ length }) => length));
  const tables: string[] = [];
  for (let first = 1; first < columns;) {
    let last = columns;
    const block = () =>
      table(
        rows.map((row) => [row[0], ...row.slice(first, last)])
          .filter((row) => row.some((cell) => cell !== "")),
      );
    while (last > first + 1 && widthOf(block()) > width) last--;
    tables.push(block());
    first = last;
  }
  return tables.join("\n\n");
}

/** Columns of the longest line of `text`. */
export function widthOf(text: string): number {
  return Math.max(...text.split("\n").map((line) => line.length));
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
  /** Text before each line. */
  margin: string;
  /** Text after the margin of the first line; the other lines are indented by as much. */
  bullet?: string;
  /** Whether to break words that are longer than a line, such as paths; default false. */
  breaksWords?: boolean;
}

/** Breaks `text` into lines at white space; elements of an array are not broken. */
export function wrap(
  text: string | readonly string[],
  { width, margin, bullet = "", breaksWords = false }: WrapOptions,
): string {
  const next = margin + " ".repeat(bullet.length);
  const room = Math.max(1, width - next.length);
  const lines: string[] = [];
  let line = margin + bullet;
  let isFirst = true;
  for (const word of typeof text === "string" ? text.split(/\s+/) : text) {
    if (!isFirst && line.length + 1 + word.length > width) {
      lines.push(line);
      line = next;
      isFirst = true;
    }
    line += isFirst ? word : ` ${word}`;
    isFirst = false;
    while (breaksWords && line.length > next.length + room) {
      lines.push(line.slice(0, next.length + room));
      line = next + line.slice(next.length + room);
    }
  }
  return [...lines, line].join("\n");
}

/** Returns `text`, which is not empty, with a capital letter at its start. */
export function capitalized(text: string): string {
  return text[0].toUpperCase() + text.slice(1);
}
