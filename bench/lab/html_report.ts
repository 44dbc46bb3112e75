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
import { htmlMarkdown } from "../report/html_markdown.ts";
import { reportStyle } from "../report/html_style.ts";
import { inlineSvg } from "../report/html_svg.ts";
import type { Language } from "../report/language.ts";
import { PAGE_NAMES, questionOf, readPage, sectionsOf } from "./pages.ts";
import { labelIn, REPORT_TEXTS, type ReportTexts } from "./report_texts.ts";

/** The report of `results` as a whole document. `version` is ktcp's. */
export async function labReport(
  results: LabResult[],
  version: string,
  language: Language = "en",
): Promise<string> {
  const texts = REPORT_TEXTS[language];
  const labs = results.map(({ lab }) => lab);
  const sections = await Promise.all(results.map(async (result) => {
    const page = PAGE_NAMES.includes(result.lab) ? await readPage(result.lab, language) : null;
    return await section(result, { texts, page, labs });
  }));
  const data = {
    command: "lab",
    version,
    labs: results.map((result) => labDocument(result, { curves: true })),
  };
  const environment = results[0]?.environment;
  const date = environment?.date ?? "";
  return `<!DOCTYPE html>
<html lang="${language}">
<head>
<meta charset="UTF-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${texts.title}</title>
<link rel="icon" href="data:,">
<style>
${reportStyle()}
</style>
</head>
<body>
<header>
<h1>${texts.title}</h1>
<p class="small">ktcp ${escapeHtml(version)}, <time datetime="${date}">${
    escapeHtml(date.replace("T", " ").replace(/\.\d+Z$/, " UTC"))
  }</time>. ${texts.figures}</p>
</header>
<nav aria-label="${texts.navigation}">
<ul>
${results.map(({ lab }) => `<li><a href="#${lab}">${lab}</a></li>`).join("\n")}
<li><a href="#environment">${texts.environment}</a></li>
</ul>
</nav>
<main>
${sections.join("\n")}
${environment ? environmentSection(environment, texts) : ""}
</main>
<footer>
<p class="small">${texts.data}</p>
</footer>
<script type="application/json" id="data">${scriptJson(data)}</script>
</body>
</html>
`;
}

/** Options of a section, besides its result. */
interface SectionOptions {
  texts: ReportTexts;
  /** The experiment's page as Markdown; null if it has none. */
  page: string | null;
  /** The experiments of this report, to which pages may link. */
  labs: readonly string[];
}

async function section(result: LabResult, options: SectionOptions): Promise<string> {
  const { lab, setup, findings, environment } = result;
  const { texts, page } = options;
  const question = (page && questionOf(page)) ?? result.question;
  const { predict, rest } = explanation(lab, options);
  return `<section aria-labelledby="${lab}">
<h2 id="${lab}">${lab}</h2>
<p class="question">${escapeHtml(question)}</p>
${predict}<h3>${texts.conclusion}</h3>
${list(findings.map(({ text }) => text), { className: "conclusion", isEnglish: true })}
<h3>${texts.setup}</h3>
${list(setup, { isEnglish: true })}
<h3>${texts.measurements}</h3>
${tables(result, texts)}
<h3>${texts.plots}</h3>
<div class="plots">
${await plots(result)}
</div>
<p class="small">${texts.duration(result.seconds, environment.quick)}; ${
    texts.loadAverage(environment.loadAverage)
  }</p>
${rest}</section>`;
}

/**
 * The part of the page of `lab` to read before the figures, and the rest in sections that can be
 * opened. Links to other experiments of this report and to the web are kept; others become text.
 */
function explanation(lab: string, { texts, page, labs }: SectionOptions) {
  const html = (markdown: string) =>
    htmlMarkdown(markdown, {
      level: 3,
      labels: { table: `${lab}, ${texts.table}`, code: `${lab}, ${texts.code}` },
      resolve: (target) => {
        const name = /^([\w-]+)\.md$/.exec(target)?.[1];
        if (name !== undefined && labs.includes(name)) return `#${name}`;
        return /^https?:/.test(target) ? target : null;
      },
    });
  const sections = sectionsOf(page ?? "");
  const predict = sections.filter(({ heading }) => heading === texts.predict)
    .map(({ heading, markdown }) => `<h3>${heading}</h3>\n${html(markdown)}\n`);
  const rest = sections.filter(({ heading }) => heading !== texts.predict)
    .map(({ heading, markdown }) =>
      `<details>\n<summary>${escapeHtml(heading)}</summary>\n${html(markdown)}\n</details>\n`
    );
  return {
    predict: predict.join(""),
    rest: rest.length === 0 ? "" : `<h3>${texts.explanation}</h3>\n${rest.join("")}`,
  };
}

function list(
  items: string[],
  { className, isEnglish = false }: { className?: string; isEnglish?: boolean } = {},
): string {
  const attribute = (className ? ` class="${className}"` : "") + (isEnglish ? ' lang="en"' : "");
  return `<ul${attribute}>\n${
    items.map((item) => `<li>${escapeHtml(item)}</li>`).join("\n")
  }\n</ul>`;
}

function tables({ lab, variants }: LabResult, texts: ReportTexts): string {
  return groupTables(variants).map(({ title, keys, rows, note }) => {
    const header = keys.map((key) => labelIn(texts, key));
    const label = escapeHtml(`${lab}, ${title}`);
    const head = header.map((text) => `<th scope="col">${escapeHtml(text)}</th>`).join("");
    const body = rows.map(({ name, cells }) => {
      const values = cells.map(({ text, range }) =>
        `<td>${escapeHtml(text)}${range && ` <span class="range">${escapeHtml(range)}</span>`}</td>`
      );
      return `<tr><th scope="row">${escapeHtml(name)}</th>${values.join("")}</tr>`;
    });
    // Scrollable elements have to be reachable by keyboard.
    return `<div class="scroll" tabindex="0" role="group" aria-label="${texts.table}: ${label}">
<table>
<caption>${escapeHtml(title)}</caption>
<thead><tr><th scope="col">${texts.variant}</th>${head}</tr></thead>
<tbody>
${body.join("\n")}
</tbody>
</table>
</div>${note && `\n<p class="small">${texts.parts}</p>`}`;
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

/** The machine, the same for all experiments. */
function environmentSection(
  { machine, kernel, limits, versions }: Environment,
  texts: ReportTexts,
): string {
  const memory = `${(machine.memoryBytes / 2 ** 30).toFixed(1)} GiB`;
  const pairs = (record: object) =>
    Object.entries(record).map(([name, value]) => `${name} ${value ?? texts.unknown}`).join(", ");
  const items = [texts.machine({ ...machine, memory, kernel }), pairs(limits), pairs(versions)];
  return `<section aria-labelledby="environment">
<h2 id="environment">${texts.environment}</h2>
${list(items)}
</section>`;
}

/** `value` as JSON for a `script` element, without `<`, which could end the element. */
function scriptJson(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}
