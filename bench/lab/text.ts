/** The text that `ktcp lab` prints for an experiment. Pure. */
import { columnBlocks, table, wrap } from "../report/text_layout.ts";
import { barPlot, lengthScale, sparkline } from "../report/terminal_plot.ts";
import { figureOf, formatFigure, formatSpread } from "./figures.ts";
import type { Drawing } from "./lab.ts";
import type { LabResult } from "./labs.ts";
import type { VariantResult } from "./measure.ts";
import { type GroupTable, groupTables, rowName, tickOf } from "./tables.ts";

/** The widest lines of text, even on wider terminals. */
const MAX_TEXT_WIDTH = 96;

/** Least width of a heading, in columns. */
const MIN_HEADING = 8;

/** How lines are laid out in `width` columns. */
function layoutOf(width: number) {
  return { width: Math.min(width, MAX_TEXT_WIDTH), margin: "  " };
}

/** Question, set-up, tables, plots and conclusion of `result` in at most `width` columns. */
export function labText(result: LabResult, width: number): string {
  const { lab, question, setup, variants, findings, environment, seconds } = result;
  const layout = layoutOf(width);
  return [
    wrap(`# ${lab}: ${question}`, { ...layout, margin: "" }),
    "",
    ...setup.map((sentence) => wrap(sentence, layout)),
    "",
    ...groupTables(variants).flatMap((group) => [
      columnBlocks(tableRows(group), width),
      ...(group.note ? [wrap(group.note, layout)] : []),
      "",
    ]),
    ...drawingsText(result, width),
    "Conclusion",
    ...findings.map(({ text }) => wrap(text, { ...layout, bullet: "- " })),
    "",
    wrap(
      `${seconds.toFixed(1)} s${environment.quick ? " with --quick" : ""}; load average ` +
        `${environment.loadAverage[0]} when it began.`,
      layout,
    ),
  ].join("\n");
}

/** The rows of a table; the ranges of a variant's figures are below its medians. */
function tableRows({ title, header, rows }: GroupTable): string[][] {
  const columns = header.map((label, i) => {
    const cells = rows.flatMap(({ cells }) => [cells[i].text, cells[i].range]);
    return headingLines(label, Math.max(...cells.map(({ length }) => length)));
  });
  const height = Math.max(...columns.map(({ length }) => length));
  const headings = Array.from({ length: height }, (_, line) => [
    line === height - 1 ? title : "",
    // Headings are aligned to the bottom, just above the figures.
    ...columns.map((lines) => lines[line - height + lines.length] ?? ""),
  ]);
  return [
    ...headings,
    ...rows.flatMap(({ name, cells }) => {
      const medians = [`  ${name}`, ...cells.map(({ text }) => text)];
      const ranges = ["", ...cells.map(({ range }) => range)];
      return ranges.some(Boolean) ? [medians, ranges] : [medians];
    }),
  ];
}

/** Breaks the heading of a column between words if it is wider than the figures. */
function headingLines(label: string, width: number): string[] {
  return wrap(label, { width: Math.max(width, MIN_HEADING), margin: "" }).split("\n");
}

/** The first bars and lines of `result`; distributions are for the report. */
function drawingsText({ drawings, variants }: LabResult, width: number): string[] {
  const bars = drawings.find((drawing) => drawing.kind === "bars");
  const lines = drawings.find((drawing) => drawing.kind === "lines");
  return [bars, lines].flatMap((drawing) => {
    const text = drawing && drawingText(drawing, variants, width - 2);
    return text ? [`${drawing.title}`, indent(text), ""] : [];
  });
}

function drawingText(drawing: Drawing, variants: readonly VariantResult[], width: number): string {
  if (drawing.kind === "lines") return linesText(drawing, variants, width);
  if (drawing.kind !== "bars") return "";
  const { figure, groups } = drawing;
  const bars = variants.filter(({ group }) => groups.includes(group)).flatMap((variant) => {
    const spread = variant.spreads[figure];
    const prefix = groups.length > 1 ? `${variant.group}, ` : "";
    if (!spread) return [];
    const name = prefix + rowName(variant);
    return [{ name, value: spread.median, range: formatSpread(figure, spread) }];
  });
  return bars.length === 0 ? "" : barPlot(bars, (value) => formatFigure(figure, value), width);
}

/** A sparkline for each label, with its values in the order of `x`. */
function linesText(
  { figure, group, x }: Drawing & { kind: "lines" },
  variants: readonly VariantResult[],
  width: number,
): string {
  const own = variants.filter((v) => v.group === group && v.spreads[figure] !== undefined);
  if (own.length === 0) return "";
  const labels = [...new Set(own.map(({ label }) => label))];
  // All lines share one scale.
  const { share, begin } = lengthScale(own.map(({ spreads }) => spreads[figure]!.median));
  const rows = labels.map((label) => {
    const values = own.filter((v) => v.label === label).map((v) => v.spreads[figure]!.median);
    // A column of the full scale is appended and cut off again, so that all lines share the scale.
    const columns = sparkline([...values.map(share), 1]).slice(0, -1);
    return [label, columns, values.map((value) => formatFigure(figure, value)).join(" → ")];
  });
  const places = [...new Set(own.map(tickOf))].join(" → ");
  const note = `${figureOf(figure).label} at ${places} ${x}` +
    (begin === null ? "" : `; logarithmic, from ${formatFigure(figure, begin)}`);
  return `${table(rows)}\n${wrap(note, { width, margin: "" })}`;
}

/** The machine of `results`, once for all of them, in at most `width` columns. */
export function machineText({ environment }: LabResult, width: number): string {
  const { machine, kernel, versions, limits } = environment;
  const settings = ["ulimit -n", "net.core.somaxconn", "net.ipv4.tcp_tw_reuse"]
    .map((name) => `${name} ${limits[name] ?? "unknown"}`);
  return wrap(
    `Machine: ${machine.cpu}, ${machine.cores} cores, ${kernel}; ${settings.join(", ")}; ktcp ` +
      `${versions.ktcp}, Deno ${versions.deno}.`,
    layoutOf(width),
  );
}

function indent(text: string): string {
  return text.split("\n").map((line) => `  ${line}`.trimEnd()).join("\n");
}
