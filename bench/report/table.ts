/** Plain text tables. */

/**
 * Lays `rows` out in columns, the first aligned to the left and the others to the right, with
 * `indent` spaces before each line.
 */
export function table(rows: string[][], indent = 0): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => widths[i] = Math.max(widths[i] ?? 0, cell.length));
  }
  const line = (row: string[]) =>
    row.map((cell, i) => i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])).join("  ");
  return rows.map((row) => (" ".repeat(indent) + line(row)).trimEnd()).join("\n");
}
