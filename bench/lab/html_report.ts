/**
 * The report of `ktcp lab`: one HTML file that needs no network and no script, with the tables,
 * the plots as inline SVG, and the raw data embedded as JSON.
 */
// @ts-types="@types/escape-html"
import escapeHtml from "escape-html";
import type { Environment } from "./environment.ts";
import { labDocument, type LabResult } from "./labs.ts";
import { groupTables } from "./tables.ts";
import { drawingChart } from "./html_charts.ts";
import { reportStyle } from "../report/html_style.ts";
import { inlineSvg } from "../report/html_svg.ts";

/** The report of `results` as a whole document. `version` is ktcp's. */
export async function labReport(results: LabResult[], version: string): Promise<string> {
  const sections = await Promise.all(results.map(section));
  const data = {
    command: "lab",
    version,
    labs: results.map((result) => labDocument(result, { curves: true })),
  };
  const environment = results[0]?.environment;
  const date = environment?.date ?? "";
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>ktcp lab report</title>
<link rel="icon" href="data:,">
<style>
${reportStyle()}
</style>
</head>
<body>
<header>
<h1>ktcp lab report</h1>
<p class="small">ktcp ${escapeHtml(version)}, <time datetime="${date}">${
    escapeHtml(date.replace("T", " ").replace(/\.\d+Z$/, " UTC"))
  }</time>. Figures are medians; below each are the lowest and the highest repetition. Whiskers in
plots show the same range.</p>
</header>
<nav aria-label="Labs">
<ul>
${results.map(({ lab }) => `<li><a href="#${lab}">${lab}</a></li>`).join("\n")}
<li><a href="#environment">environment</a></li>
</ul>
</nav>
<main>
${sections.join("\n")}
${environment ? environmentSection(environment) : ""}
</main>
<footer>
<p class="small">The raw data of every repetition stands at the end of this file, as JSON in the
element <code>data</code>.</p>
</footer>
<script type="application/json" id="data">${scriptJson(data)}</script>
</body>
</html>
`;
}

async function section(result: LabResult): Promise<string> {
  const { lab, question, setup, findings, environment } = result;
  return `<section aria-labelledby="${lab}">
<h2 id="${lab}">${lab}</h2>
<p class="question">${escapeHtml(question)}</p>
<h3>Conclusion</h3>
${list(findings.map(({ text }) => text), "conclusion")}
<h3>Set-up</h3>
${list(setup)}
<h3>Measurements</h3>
${tables(result)}
<h3>Plots</h3>
<div class="plots">
${await plots(result)}
</div>
<p class="small">${result.seconds.toFixed(1)} s${environment.quick ? " with --quick" : ""}; load
average ${environment.loadAverage.join(", ")} when it began.</p>
</section>`;
}

function list(items: string[], className?: string): string {
  const attribute = className ? ` class="${className}"` : "";
  return `<ul${attribute}>\n${
    items.map((item) => `<li>${escapeHtml(item)}</li>`).join("\n")
  }\n</ul>`;
}

function tables({ lab, variants }: LabResult): string {
  return groupTables(variants).map(({ title, header, rows, note }) => {
    const label = escapeHtml(`${lab}, ${title}`);
    const head = header.map((text) => `<th scope="col">${escapeHtml(text)}</th>`).join("");
    const body = rows.map(({ name, cells }) => {
      const values = cells.map(({ text, range }) =>
        `<td>${escapeHtml(text)}${range && ` <span class="range">${escapeHtml(range)}</span>`}</td>`
      );
      return `<tr><th scope="row">${escapeHtml(name)}</th>${values.join("")}</tr>`;
    });
    // What scrolls has to be reachable without a mouse.
    return `<div class="scroll" tabindex="0" role="group" aria-label="Table: ${label}">
<table>
<caption>${escapeHtml(title)}</caption>
<thead><tr><th scope="col">variant</th>${head}</tr></thead>
<tbody>
${body.join("\n")}
</tbody>
</table>
</div>${note && `\n<p class="small">${escapeHtml(note)}</p>`}`;
  }).join("\n");
}

async function plots({ lab, drawings, variants }: LabResult): Promise<string> {
  const figures = await Promise.all(drawings.map(async (drawing, i) => {
    const chart = drawingChart(drawing, variants);
    if (!chart) return [];
    const svg = await inlineSvg(chart, `${lab}-${i}`);
    return [`<figure>\n<figcaption>${escapeHtml(chart.title)}</figcaption>\n${svg}\n</figure>`];
  }));
  return figures.flat().join("\n");
}

/** The machine, which all experiments share. */
function environmentSection({ machine, kernel, limits, versions }: Environment): string {
  const memory = `${(machine.memoryBytes / 2 ** 30).toFixed(1)} GiB`;
  const pairs = (record: object) =>
    Object.entries(record).map(([name, value]) => `${name} ${value ?? "unknown"}`).join(", ");
  const items = [
    `${machine.cpu}, ${machine.cores} cores, ${memory}; ${kernel}`,
    pairs(limits),
    pairs(versions),
  ];
  return `<section aria-labelledby="environment">
<h2 id="environment">Environment</h2>
${list(items)}
</section>`;
}

/** `value` as JSON that can stand in a `script` element: no `<` can end it. */
function scriptJson(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}
