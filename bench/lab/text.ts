/** What `ktcp lab` prints of an experiment. Pure. */
import { table, wrap } from "../report/text_layout.ts";
import { barPlot, sparkline } from "../report/terminal_plot.ts";
import { type FigureKey, figureOf, formatFigure } from "./figures.ts";
import type { Environment } from "./environment.ts";
import type { Drawing } from "./lab.ts";
import type { LabResult } from "./labs.ts";
import type { VariantResult } from "./measure.ts";
import { groupTables, rowName, tickOf } from "./tables.ts";

const LAYOUT = { width: 96, margin: "  " };

/** Question, set-up, tables, plots and conclusion of `result`. */
export function labText(result: LabResult): string {
  const { lab, question, setup, variants, findings } = result;
  return [
    `# ${lab}: ${question}`,
    "",
    ...setup.map((sentence) => wrap(sentence, LAYOUT)),
    "",
    ...groupTables(variants).flatMap(({ group, header, rows }) => [
      table([
        [group, ...header],
        ...rows.map(({ name, cells }) => [
          `  ${name}`,
          ...cells.map(({ text, spread }) => spread ? `${text} ${spread}` : text),
        ]),
      ]),
      "",
    ]),
    ...drawingsText(result),
    "Conclusion",
    ...findings.map(({ text }) => wrap(text, { ...LAYOUT, bullet: "- " })),
    "",
    environmentText(result.environment, result.seconds),
  ].join("\n");
}

/** The first bars and lines of `result`; distributions are for the report. */
function drawingsText({ drawings, variants }: LabResult): string[] {
  const bars = drawings.find((drawing) => drawing.kind === "bars");
  const lines = drawings.find((drawing) => drawing.kind === "lines");
  return [bars, lines].flatMap((drawing) => {
    const text = drawing && drawingText(drawing, variants);
    return text ? [`${drawing.title}`, indent(text), ""] : [];
  });
}

function drawingText(drawing: Drawing, variants: readonly VariantResult[]): string {
  if (drawing.kind === "bars") {
    const { figure, groups } = drawing;
    const bars = variants.filter(({ group }) => groups.includes(group)).flatMap((variant) => {
      const spread = variant.spreads[figure];
      const prefix = groups.length > 1 ? `${variant.group}, ` : "";
      const { low, high } = spread ?? {};
      // A bar whose repetitions agree has no range to show.
      const range = low === high ? {} : { low, high };
      return spread ? [{ name: prefix + rowName(variant), value: spread.median, ...range }] : [];
    });
    return bars.length === 0 ? "" : barPlot(bars, (value) => formatFigure(figure, value), 32);
  }
  if (drawing.kind === "lines") return linesText(drawing, variants);
  return "";
}

/** A line of columns for each label, and the values from the first to the last place. */
function linesText(
  { figure, group, x }: Drawing & { kind: "lines" },
  variants: readonly VariantResult[],
): string {
  const own = variants.filter((v) => v.group === group && v.spreads[figure] !== undefined);
  const labels = [...new Set(own.map(({ label }) => label))];
  const most = Math.max(...own.map(({ spreads }) => spreads[figure]!.median));
  const rows = labels.map((label) => {
    const points = own.filter((v) => v.label === label);
    const values = points.map(({ spreads }) => spreads[figure]!.median);
    // All lines on the scale of the highest one: the last column, which is cut off, sets it.
    const columns = sparkline([...values, most]).slice(0, -1);
    const ends = values.map((value) => formatFigure(figure, value)).join(" → ");
    return [label, columns, ends];
  });
  const places = [...new Set(own.map(tickOf))].join(" → ");
  return own.length === 0
    ? ""
    : table([...rows, ["", "", `at ${places} ${x}, ${figureOf(figure as FigureKey).label}`]]);
}

/** The machine in two lines. */
function environmentText(environment: Environment, seconds: number): string {
  const { machine, kernel, versions, loadAverage, limits, quick } = environment;
  const settings = ["ulimit -n", "net.core.somaxconn", "net.ipv4.tcp_tw_reuse"]
    .map((name) => `${name} ${limits[name] ?? "unknown"}`);
  return [
    wrap(
      `Machine: ${machine.cpu}, ${machine.cores} cores, ${kernel}; ${settings.join(", ")}.`,
      LAYOUT,
    ),
    wrap(
      `ktcp ${versions.ktcp}, Deno ${versions.deno}; load average ${loadAverage[0]} when it ` +
        `began; ${seconds.toFixed(1)} s${quick ? " with --quick" : ""}.`,
      LAYOUT,
    ),
  ].join("\n");
}

function indent(text: string): string {
  return text.split("\n").map((line) => `  ${line}`.trimEnd()).join("\n");
}
