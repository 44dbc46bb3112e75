/**
 * Writes the charts and tables of docs/performance.md from what benchmarks measured:
 * `deno task charts`. A benchmark's document stands in docs/performance/NAME.json, as `--json` of
 * its task prints it; the page has a place for it between two comments.
 */
import { barChart, type BarGroup, type Chart } from "../../bench/report/charts.ts";
import { renderSvg } from "../../bench/report/svg.ts";
import type { ScaleKind } from "../../bench/report/axis.ts";
import type { ThemeName } from "../../bench/report/theme.ts";
import {
  type FigureName,
  FIGURES,
  measuredTable,
  type Measurement,
} from "../benchmarks/shared/measurement.ts";
import { ROOT } from "../shared/repository.ts";

/** The page, and the folder of its data and pictures. */
const PAGE = `${ROOT}/docs/performance.md`;
const FOLDER = `${ROOT}/docs/performance`;

/** What is drawn of each document. */
const DRAWN: Record<string, { figure: FigureName; scale: ScaleKind; better: string }> = {
  hello: { figure: "cpuUsPerRequest", scale: "latency", better: "less is better" },
  files: { figure: "cpuUsPerRequest", scale: "latency", better: "less is better" },
  clients: { figure: "cpuUsPerRequest", scale: "latency", better: "less is better" },
  models: { figure: "requestsPerSecond", scale: "count", better: "more is better" },
  parser: { figure: "nsPerRequest", scale: "count", better: "less is better" },
  start: { figure: "startMs", scale: "count", better: "less is better" },
};

const THEME_NAMES: readonly ThemeName[] = ["light", "dark"];

/** The documents, by name. */
export function readMeasurements(): Map<string, Measurement> {
  return new Map(
    Object.keys(DRAWN).map((name) => [
      name,
      JSON.parse(Deno.readTextFileSync(`${FOLDER}/${name}.json`)),
    ]),
  );
}

/** A chart for each load of `measurement`: a bar for each subject, with the range of its rounds. */
function chartsOf(name: string, { rows }: Measurement): Chart[] {
  const { figure, scale, better } = DRAWN[name];
  const loads = [...new Set(rows.map(({ load }) => load))];
  return loads.flatMap((load) => {
    const bars = rows.flatMap(({ load: own, subject, figures }): BarGroup["bars"] => {
      const spread = figures[figure];
      if (own !== load || !spread) return [];
      return [{ series: subject, value: spread.median, low: spread.low, high: spread.high }];
    });
    if (bars.length === 0) return [];
    const what = FIGURES[figure].title;
    return [barChart(`${load}: ${what}, ${better}`, [{ name: "", bars }], what, scale)];
  });
}

/** The pictures of `measurement`, by file name. */
export async function picturesOf(
  name: string,
  measurement: Measurement,
): Promise<Map<string, string>> {
  const charts = chartsOf(name, measurement);
  const pictures = new Map<string, string>();
  for (const theme of THEME_NAMES) {
    const svg = await renderSvg(charts, { theme, width: 480, height: 320, columns: 2 });
    pictures.set(`${name}-${theme}.svg`, svg);
  }
  return pictures;
}

/** What stands in the page's place for `measurement`. */
function sectionOf(name: string, measurement: Measurement): string {
  const { command, environment: { date, machine, kernel, versions } } = measurement;
  const memory = Math.round(machine.memoryBytes / 2 ** 30);
  return [
    `<picture>`,
    `  <source media="(prefers-color-scheme: dark)" srcset="performance/${name}-dark.svg">`,
    `  <img src="performance/${name}-light.svg" alt="Bars of the table below">`,
    `</picture>`,
    "",
    measuredTable(measurement),
    "",
    `\`${command}\`, ${date.slice(0, 10)}, ${machine.cpu}, ${machine.cores} cores, ${memory} GiB,`,
    `${kernel}, ktcp ${versions.ktcp}, Deno ${versions.deno}. Medians; the charts have the range.`,
  ].join("\n");
}

/** `page` with the places for `measurements` filled. @throws when it has no place for one */
export function filledPage(page: string, measurements: ReadonlyMap<string, Measurement>): string {
  for (const [name, measurement] of measurements) {
    const [begin, end] = [`<!-- begin ${name} -->\n`, `<!-- end ${name} -->`];
    const [from, to] = [page.indexOf(begin), page.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`docs/performance.md has no place for ${name}`);
    const section = sectionOf(name, measurement);
    page = `${page.slice(0, from + begin.length)}\n${section}\n\n${page.slice(to)}`;
  }
  return page;
}

if (import.meta.main) {
  const measurements = readMeasurements();
  for (const [name, measurement] of measurements) {
    for (const [file, svg] of await picturesOf(name, measurement)) {
      Deno.writeTextFileSync(`${FOLDER}/${file}`, svg);
    }
  }
  Deno.writeTextFileSync(PAGE, filledPage(Deno.readTextFileSync(PAGE), measurements));
}
