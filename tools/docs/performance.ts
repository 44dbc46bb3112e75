/**
 * Writes the charts and tables of docs/performance.md from what benchmarks measured:
 * `deno task charts`. A benchmark's document stands in docs/performance/NAME.json, as `--json` of
 * its task prints it; the page has a place for it between two comments.
 */
import type { Chart } from "../../bench/report/charts.ts";
import { wrap } from "../../bench/report/text_layout.ts";
import { renderSvg } from "../../bench/report/svg.ts";
import type { ThemeName } from "../../bench/report/theme.ts";
import {
  type FigureName,
  FIGURES,
  measuredTable,
  type Measurement,
} from "../benchmarks/shared/measurement.ts";
import { type RankedBar, rankedBars, rankedBarsHeight } from "./ranked_bars.ts";
import { ROOT } from "../shared/repository.ts";

/** The page, and the folder of its data and pictures. */
const PAGE = `${ROOT}/docs/performance.md`;
const FOLDER = `${ROOT}/docs/performance`;

/** What is drawn of each document: a figure of it, and under which loads. */
const DRAWN: Record<string, { figure: FigureName; better: string; leavesOut?: RegExp }> = {
  hello: { figure: "cpuUsPerRequest", better: "less is better" },
  files: { figure: "cpuUsPerRequest", better: "less is better" },
  clients: { figure: "cpuUsPerRequest", better: "less is better" },
  // One request a connection is the time to create a Worker, and the bars show one thing only.
  models: { figure: "requestsPerSecond", better: "more is better", leavesOut: /per request/ },
  parser: { figure: "nsPerRequest", better: "less is better" },
  start: { figure: "startMs", better: "less is better" },
};

/** What is not ktcp's: a benchmark's other subjects. */
const OTHERS = /^(?:nginx|lighttpd|Deno\.serve|wrk|ab|hey|autocannon|llhttp|htstress \(C\))\b/;

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

/** A chart for each load of `measurement` that is drawn, and how many bars the largest has. */
function chartsOf(name: string, { rows }: Measurement): { charts: Chart[]; bars: number } {
  const { figure, better, leavesOut } = DRAWN[name];
  const loads = [...new Set(rows.map(({ load }) => load))].filter((load) => !leavesOut?.test(load));
  const { title, format } = FIGURES[figure];
  const drawn = loads.map((load) => ({
    load,
    bars: rows.flatMap(({ load: own, subject, figures }): RankedBar[] => {
      const spread = figures[figure];
      if (own !== load || !spread) return [];
      return [{ name: subject, spread, isOwn: !OTHERS.test(subject) }];
    }),
  })).filter(({ bars }) => bars.length > 0);
  return {
    charts: drawn.map(({ load, bars }) => rankedBars(`${load}: ${title}, ${better}`, bars, format)),
    bars: Math.max(...drawn.map(({ bars }) => bars.length)),
  };
}

/** The pictures of `measurement`, by file name. */
export async function picturesOf(
  name: string,
  measurement: Measurement,
): Promise<Map<string, string>> {
  const { charts, bars } = chartsOf(name, measurement);
  const pictures = new Map<string, string>();
  for (const theme of THEME_NAMES) {
    const height = rankedBarsHeight(bars);
    pictures.set(
      `${name}-${theme}.svg`,
      await renderSvg(charts, { theme, width: 560, height, columns: 2 }),
    );
  }
  return pictures;
}

/** What stands in the page's place for `measurement`. */
function sectionOf(name: string, measurement: Measurement): string {
  const { command, environment: { date, machine, kernel, versions } } = measurement;
  const memory = Math.round(machine.memoryBytes / 2 ** 30);
  const where = `${date.slice(0, 10)}, ${machine.cpu}, ${machine.cores} cores, ${memory} GiB, ` +
    `${kernel}, ktcp ${versions.ktcp}, Deno ${versions.deno}. Medians; the charts have the range.`;
  // A line breaks at spaces, but not within code.
  const words = [`\`${command}\`,`, ...where.split(" ")];
  return [
    `<picture>`,
    `  <source media="(prefers-color-scheme: dark)" srcset="performance/${name}-dark.svg">`,
    `  <img src="performance/${name}-light.svg" alt="Bars of the table below">`,
    `</picture>`,
    "",
    measuredTable(measurement),
    "",
    wrap(words, { width: 100, margin: "" }),
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
