/**
 * `rows` as a Markdown table, aligned as `deno fmt` does; the first is its heading. The first
 * `textColumns` are aligned to the left, the others to the right.
 */
export function markdownTable(rows: readonly string[][], textColumns: number): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const rule = widths.map((width, column) =>
    column < textColumns ? "-".repeat(width) : "-".repeat(width - 1) + ":"
  );
  const [heading, ...lines] = rows.map((row) =>
    row.map((cell, column) =>
      column < textColumns ? cell.padEnd(widths[column]) : cell.padStart(widths[column])
    )
  );
  return [heading, rule, ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
