/**
 * Writes the charts and tables of docs/performance.md from what benchmarks measured:
 * `deno task charts`. A benchmark's document is in docs/performance/NAME.json, as `--json` of
 * its task prints it; the page has a place for it between two comments.
 */
import type { Chart } from "../../bench/report/charts.ts";
import { markdownTable, wrap } from "../../bench/report/text_layout.ts";
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

/** It has a table with a few of the figures. */
const README = `${ROOT}/README.md`;

/** What is drawn of each document: one figure, under all loads but those that `leavesOut` matches. */
const DRAWN: Record<string, { figure: FigureName; better: string; leavesOut?: RegExp }> = {
  hello: { figure: "cpuUsPerRequest", better: "less is better" },
  files: { figure: "cpuUsPerRequest", better: "less is better" },
  clients: { figure: "cpuUsPerRequest", better: "less is better" },
  // With one request per connection, creating Workers dominates, and the bars would show only that.
  models: { figure: "requestsPerSecond", better: "more is better", leavesOut: /per request/ },
  parser: { figure: "nsPerRequest", better: "less is better" },
  start: { figure: "startMs", better: "less is better" },
};

/** Subjects of benchmarks that are not ktcp's. */
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

/** The section of the page about `measurement`. */
function sectionOf(name: string, measurement: Measurement): string {
  const { command, environment: { date, machine, kernel, versions } } = measurement;
  const memory = Math.round(machine.memoryBytes / 2 ** 30);
  const where = `${date.slice(0, 10)}, ${machine.cpu}, ${machine.cores} cores, ${memory} GiB, ` +
    `${kernel}, ktcp ${versions.ktcp}, Deno ${versions.deno}. Medians; the charts have the range.`;
  // Lines break at spaces, but not within code.
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

/** What the README compares: a figure of ktcp with that of another program. */
const SUMMARY: readonly {
  what: string;
  of: string;
  load: string;
  own: string;
  peer: string;
  figure: FigureName;
}[] = [
  ...["32 connections", "256 connections", "32, 16 pipelined"].map((load) => ({
    ...{ what: `Hello World, ${load}: CPU of a request`, of: "hello", load },
    ...{ own: "ktcp (epoll)", peer: "nginx", figure: "cpuUsPerRequest" as const },
  })),
  ...["nginx (cache)", "lighttpd"].map((peer) => ({
    ...{ what: "File of 1 KiB: CPU of a request", of: "files", load: "1k", peer },
    ...{ own: "ktcp (epoll)", figure: "cpuUsPerRequest" as const },
  })),
  {
    ...{ what: "File of 1 MiB: requests/s", of: "files", load: "1m", figure: "requestsPerSecond" },
    ...{ own: "ktcp (epoll)", peer: "nginx (plain)" },
  },
  {
    ...{ what: "Load client: requests/s", of: "clients", load: "keep-alive" },
    ...{ own: "ktcp -t 1 -c 32, epoll", peer: "wrk -t1 -c32", figure: "requestsPerSecond" },
  },
  {
    ...{ what: "Parser, a browser's request", of: "parser", load: "browser request, 703 bytes" },
    ...{ own: "ktcp", peer: "llhttp", figure: "nsPerRequest" },
  },
];

/** The README's table. @throws when a figure was not measured */
function summary(measurements: ReadonlyMap<string, Measurement>): string {
  const rows = SUMMARY.map(({ what, of, load, own, peer, figure }) => {
    const { rows, command } = measurements.get(of)!;
    const medianOf = (name: string) => {
      const row = rows.find((row) => row.load === load && row.subject === name);
      const spread = row?.figures[figure];
      if (!spread) throw new Error(`docs/performance/${of}.json: no ${figure} of ${name}, ${load}`);
      return spread.median;
    };
    const [ours, theirs] = [medianOf(own), medianOf(peer)];
    const { format } = FIGURES[figure];
    const task = /^deno task (\S+)/.exec(command)![1];
    const name = peer.replace(/ -.*/, "");
    return [
      what,
      format(ours),
      `${name}: ${format(theirs)}`,
      (ours / theirs).toFixed(2),
      `\`${task}\``,
    ];
  });
  return markdownTable([["", "ktcp", "the other", "ratio", "`deno task …`"], ...rows], "lrrrl");
}

/** `page`, the README, with its table. */
export function filledReadme(
  page: string,
  measurements: ReadonlyMap<string, Measurement>,
): string {
  return filled(page, "summary", summary(measurements));
}

/** `page` with `section` in the place `name`. @throws when it has no such place */
function filled(page: string, name: string, section: string): string {
  const [begin, end] = [`<!-- begin ${name} -->\n`, `<!-- end ${name} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`The page has no place for ${name}`);
  return `${page.slice(0, from + begin.length)}\n${section}\n\n${page.slice(to)}`;
}

/** `page` with the places for `measurements` filled. @throws when it has no place for one */
export function filledPage(page: string, measurements: ReadonlyMap<string, Measurement>): string {
  for (const [name, measurement] of measurements) {
    page = filled(page, name, sectionOf(name, measurement));
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
  Deno.writeTextFileSync(README, filledReadme(Deno.readTextFileSync(README), measurements));
  Deno.writeTextFileSync(PAGE, filledPage(Deno.readTextFileSync(PAGE), measurements));
}
