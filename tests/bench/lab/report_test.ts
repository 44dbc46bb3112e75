/** The terminal text and the HTML report of experiments, on made-up measurements. */
import assert from "node:assert/strict";
import { readEnvironment } from "../../../bench/lab/environment.ts";
import type { LabResult } from "../../../bench/lab/labs.ts";
import { type Sample, summarizeVariant } from "../../../bench/lab/measure.ts";
import { labText, machineText } from "../../../bench/lab/text.ts";
import { drawingChart } from "../../../bench/lab/html_charts.ts";
import { FIGURES } from "../../../bench/lab/figures.ts";
import { labReport } from "../../../bench/lab/html_report.ts";
import { PAGE_NAMES, readPage, sectionsOf } from "../../../bench/lab/pages.ts";
import { REPORT_TEXTS } from "../../../bench/lab/report_texts.ts";
import { LANGUAGES } from "../../../bench/report/language.ts";
import { LatencyHistogram } from "../../../bench/stats/histogram.ts";
import {
  findChromium,
  inspectPage,
  launchChromium,
  validateHtml,
  type View,
} from "../../support/report_checks.ts";

/** A result in which something stands in every place. */
function madeUpResult(lab: string): LabResult {
  const sample = (value: number): Sample => {
    const latency = new LatencyHistogram();
    for (let i = 1; i <= 200; i++) latency.record(value / 100 + i * i);
    return {
      failed: 0,
      figures: { requestsPerSecond: value, p99Us: value / 10 },
      latencies: { latency },
    };
  };
  const variant = (label: string, x: number, base: number) =>
    summarizeVariant({ group: "load & more", label, x, xText: `${x} connections`, tick: `${x}` }, [
      sample(base),
      sample(base * 1.1),
      sample(base * 0.9),
    ]);
  return {
    lab,
    question: "Is <b>this</b> escaped & readable?",
    seconds: 3.21,
    environment: readEnvironment("0.0.0", true),
    setup: ["First sentence.", 'Second with "quotes".'],
    variants: [
      variant("per-connection", 1, 1000),
      variant("per-connection", 64, 8000),
      variant("shared-pool", 1, 4000),
      variant("shared-pool", 64, 90_000),
      summarizeVariant({ group: "single figure", label: "</script>" }, [
        { failed: 2, figures: { queueLength: 5 } },
      ]),
    ],
    drawings: [
      { kind: "bars", title: "Bars", figure: "requestsPerSecond", groups: ["load & more"] },
      {
        kind: "lines",
        title: "Lines",
        figure: "requestsPerSecond",
        group: "load & more",
        x: "connections",
      },
      { kind: "lines", title: "Late", figure: "p99Us", group: "load & more", x: "connections" },
      { kind: "cdf", title: "CDF", of: "latency", group: "load & more" },
      { kind: "spectrum", title: "Spectrum", of: "latency", group: "load & more", x: 64 },
      { kind: "cdf", title: "Nothing measured", of: "closing", group: "load & more" },
    ],
    findings: [{ text: "It is <so>." }],
  };
}

Deno.test("labText(): question, set-up, tables, plots, conclusion, machine", () => {
  const text = labText(madeUpResult("demo"), 80);
  assert.match(text, /^# demo: Is <b>this<\/b> escaped/);
  assert.match(text, /^load & more +requests\/s +p99$/m);
  assert.match(text, /^ +queue\nsingle figure +\(Recv-Q\) +failed\n.* 5 +2$/m);
  const row = /^ {2}shared-pool, 64 connections +90,000 +9\.00 ms\n +81k–99k +8\.1–9\.9 ms$/m;
  assert.match(text, row);
  assert.match(text, /^Bars\n {2}per-connection, 1 connections.*\(0\.9k–1\.1k\)$/m);
  assert.match(text, /^ +shared-pool +.█ +4,000 → 90,000$/m);
  assert.match(text, /logarithmic/i);
  assert.match(text, /^Conclusion\n {2}- It is <so>\.$/m);
  assert.match(machineText(madeUpResult("demo"), 80), /^ {2}Machine: .*cores/m);
  for (const line of text.split("\n")) assert.equal(line, line.trimEnd());
});

Deno.test("drawingChart(): nothing without measurements", () => {
  const { variants, drawings } = madeUpResult("demo");
  assert.equal(drawingChart(drawings.at(-1)!, variants), null);
  assert.equal(drawingChart(drawings[0], []), null);
});

Deno.test("labReport(): is one valid file that holds its data, and names no other", async () => {
  const html = await labReport([madeUpResult("alpha"), madeUpResult("beta")], "0.0.0");
  assert.deepEqual(await validateHtml(html), []);
  assert.ok(!/(?:src|href)="(?!#|data:,")/.test(html), "nothing is loaded");
  const json = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(html)![1];
  const { labs } = JSON.parse(json);
  assert.deepEqual(labs.map(({ lab }: { lab: string }) => lab), ["alpha", "beta"]);
  assert.equal(labs[0].variants[4].label, "</script>");
  assert.ok(labs[0].variants[0].curves.latency.length > 10);
  const ids = [...html.matchAll(/\bid="([^"]+)"/g)].map(([, id]) => id);
  assert.equal(new Set(ids).size, ids.length);
});

for (const language of LANGUAGES) {
  Deno.test(`labReport(): has each lab's page, valid, in ${language}`, async () => {
    const names = PAGE_NAMES.filter((name) => name !== "course");
    // With one chart in all: the report above has charts of each kind.
    const results = names.map((name, i) => {
      const result = madeUpResult(name);
      return { ...result, drawings: result.drawings.slice(0, i === 0 ? 1 : 0) };
    });
    const html = await labReport(results, "0.0.0", language);
    assert.deepEqual(await validateHtml(html), []);
    assert.ok(html.includes(`<html lang="${language}">`));
    const { conclusion, predict, labels } = REPORT_TEXTS[language];
    for (const name of names) {
      const page = await readPage(name, language);
      const section = html.slice(html.indexOf(`<h2 id="${name}">`)).split("</section>")[0];
      const summaries = [...section.matchAll(/<summary>(.*)<\/summary>/g)].map((found) => found[1]);
      const headings = sectionsOf(page).map(({ heading }) => heading);
      assert.deepEqual(summaries, headings.filter((heading) => heading !== predict));
      // Who predicts must not have read the conclusion.
      assert.ok(section.indexOf(`<h3>${predict}</h3>`) < section.indexOf(`<h3>${conclusion}</h3>`));
      assert.equal(section.includes(`<h3>${predict}</h3>`), headings.includes(predict));
    }
    assert.ok(html.includes(`>${labels.requestsPerSecond ?? "requests/s"}</th>`));
  });
}

Deno.test("REPORT_TEXTS: a label for each figure", () => {
  const missing = Object.keys(FIGURES).filter((key) => !(key in REPORT_TEXTS["zh-TW"].labels));
  assert.deepEqual(missing, []);
});

Deno.test("validateHtml(): finds faults", async () => {
  assert.notDeepEqual(await validateHtml("<!DOCTYPE html><html><p><img src=x></html>"), []);
});

const chromium = findChromium();

const WIDE = { width: 1280, height: 900 };
const NARROW = { width: 360, height: 740 };

/** Each two of language, width and colours meet; all three at once would find no more. */
const VIEWS: { language: typeof LANGUAGES[number]; view: View }[] = [
  { language: "en", view: { ...WIDE, scheme: "light" } },
  { language: "en", view: { ...NARROW, scheme: "dark" } },
  { language: "zh-TW", view: { ...WIDE, scheme: "dark" } },
  { language: "zh-TW", view: { ...NARROW, scheme: "light" } },
];

Deno.test({
  name: "labReport(): readable in a browser, light and dark, wide and narrow" +
    (chromium ? "" : " (skipped: no Chromium on this machine)"),
  ignore: chromium === null,
  fn: async (t) => {
    const path = await Deno.makeTempFile({ suffix: ".html" });
    const browser = await launchChromium(chromium!);
    const reports = Object.fromEntries(
      await Promise.all(LANGUAGES.map(async (language) => {
        const report = await labReport([madeUpResult("backlog")], "0.0.0", language);
        // Closed parts would hide their faults.
        return [language, report.replaceAll("<details>", "<details open>")];
      })),
    );
    try {
      for (const { language, view } of VIEWS) {
        await t.step(`${language}, ${view.width} px, ${view.scheme}`, async () => {
          await Deno.writeTextFile(path, reports[language]);
          const found = await inspectPage(browser, { path, view });
          assert.deepEqual(found.errors, []);
          assert.deepEqual(found.requests, []);
          assert.deepEqual(found.violations, []);
          assert.ok(found.overflowPx <= 0, `the page is ${found.overflowPx} px too wide`);
          assert.ok(found.visibleSvgs >= 5);
          assert.ok(found.smallestTextPx >= 8, `text of ${found.smallestTextPx} px`);
          const dark = view.scheme === "dark";
          assert.equal(found.background, dark ? "rgb(18, 22, 28)" : "rgb(255, 255, 255)");
          assert.deepEqual(found.headings, ["backlog", REPORT_TEXTS[language].environment]);
        });
      }
    } finally {
      await browser.close();
      await Deno.remove(path);
    }
  },
});
