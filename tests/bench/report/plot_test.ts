import assert from "node:assert/strict";
import { barChart, type Chart, lineChart, sweepChart } from "../../../bench/report/charts.ts";
import { benchCharts, htstressCharts } from "../../../bench/report/figures.ts";
import { renderPng } from "../../../bench/report/png.ts";
import { renderSvg } from "../../../bench/report/svg.ts";
import { type ThemeName, THEMES } from "../../../bench/report/theme.ts";
import { comparedCharts } from "../../../bench/report/figures.ts";
import { Heat } from "../../../bench/stats/heat.ts";
import { BENCH, CONNECTS, ECHOES, histogramOf, HTSTRESS } from "../runs.ts";

const CURVES = [
  { name: "connect", curve: CONNECTS.curve() },
  { name: "echo", curve: ECHOES.curve() },
];

const BARS = barChart("Requests per second by model", [
  {
    name: "per-core",
    bars: [
      { series: "keep-alive", value: 94_102, low: 90_000, high: 99_000 },
      { series: "close", value: 24_000 },
    ],
  },
  { name: "single", bars: [{ series: "keep-alive", value: 50_000 }] },
], "requests/s");

const SWEEP = sweepChart(
  "Throughput and p99 over concurrency",
  [1, 8, 64].map((load) => ({ load, throughput: load * 1000, p99Us: load * 50 })),
  { loadName: "concurrency", kneeLoad: 8 },
);

/** The texts of an SVG document; fails when an element is not closed or a number is none. */
function textsOf(svg: string): string[] {
  const open: string[] = [];
  for (const [, slash, name, selfClosing] of svg.matchAll(/<(\/?)([\w:]+)[^>]*?(\/?)>/g)) {
    if (slash) assert.equal(open.pop(), name, "elements nest");
    else if (!selfClosing) open.push(name);
  }
  assert.deepEqual(open, []);
  assert.ok(!/NaN|Infinity|undefined/.test(svg), "every number is one");
  return [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1]);
}

function assertShows(texts: string[], labels: (string | RegExp)[]): void {
  for (const label of labels) {
    const isShown = texts.some((text) =>
      typeof label === "string" ? text === label : label.test(text)
    );
    assert.ok(isShown, `${label} in ${texts.join(" | ")}`);
  }
}

Deno.test("benchCharts(): show client, connect, echo, percentile and units", async () => {
  const texts = textsOf(await renderSvg(benchCharts(BENCH, CURVES)));
  assertShows(texts, ["client", "connect", "echo", "percentile (%)", "echo latency (µs)"]);
  assertShows(texts, ["latency (log scale)", "p99.9", "90", "1.02 s", "100 µs", "1 s"]);
});

Deno.test("htstressCharts(): leave out phases without samples", async () => {
  const texts = textsOf(await renderSvg(htstressCharts(HTSTRESS, [CURVES[1]])));
  assertShows(texts, ["ttfb", "latency", "percentile (%)", /\(ms\)$/]);
  assert.ok(!texts.includes("connect"));
});

Deno.test("htstressCharts(): a series upon another is said to equal it", async () => {
  const curve = ECHOES.curve();
  const slower = curve.map((point) => ({ ...point, latencyUs: 1.5 * point.latencyUs }));
  const same = { ...HTSTRESS, ttfbUs: HTSTRESS.latencyUs };
  const curves = (
    ttfb: typeof curve,
  ) => [{ name: "ttfb", curve: ttfb }, { name: "latency", curve }];
  const equal = textsOf(await renderSvg(htstressCharts(same, curves(curve))));
  assert.equal(equal.filter((text) => text === "latency").length, 0);
  // Two of the three charts have the one series alone, and need no legend.
  const apart = textsOf(await renderSvg(htstressCharts(HTSTRESS, curves(slower))));
  assert.equal(apart.filter((text) => text === "latency").length, 3);
});

function heatOf(intervals: number): Heat {
  const heat = new Heat();
  for (let i = 0; i < intervals; i++) {
    const values = Array.from({ length: 200 }, (_, k) => 100 + k + i);
    heat.add(i * 200, (i + 1) * 200, histogramOf([...values, 30_000]));
  }
  return heat;
}

Deno.test("htstressCharts(): a heat map of the latency over time, with what its colours mean", async () => {
  const [, , , heat] = htstressCharts(HTSTRESS, [CURVES[1]], heatOf(20));
  const svg = await renderSvg([heat]);
  const texts = textsOf(svg);
  assertShows(texts, ["time (s)", "latency (log scale)", "from 1", "10 ms", /^\d+ or more$/]);
  for (const shade of THEMES.light.heat.slice(-2)) assert.ok(svg.includes(shade), shade);
});

Deno.test("comparedCharts(): both sides in every chart, and a heat map of each that has one", async () => {
  const sides = [
    { name: "old", latency: ECHOES, heat: heatOf(5) },
    { name: "new", latency: CONNECTS },
  ];
  const charts = comparedCharts("echo", sides);
  assert.deepEqual(charts.map(({ title }) => title).slice(3), ["Echo over time, old"]);
  for (const chart of charts.slice(0, 3)) {
    assertShows(textsOf(await renderSvg([chart])), ["old", "new"]);
  }
});

Deno.test("renderSvg(): no room stays empty, and the heading has lines of its own", async () => {
  const sizes = async (count: number) => {
    const charts = Array.from({ length: count }, () => BARS);
    const svg = await renderSvg(charts, { heading: "what was measured, ".repeat(20) });
    const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(svg)!.map(Number);
    const parts = [...svg.matchAll(/<svg x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"/g)];
    const area = parts.reduce((sum, [, , , w, h]) => sum + Number(w) * Number(h), 0);
    const top = Math.min(...parts.map(([, , y]) => Number(y)));
    assert.equal(area, width * (height - top));
    const lines = textsOf(svg).filter((text) => text.includes("what was"));
    assert.ok(lines.length >= 2 && top >= 20 * lines.length);
  };
  for (const count of [1, 2, 3, 4, 5]) await sizes(count);
});

Deno.test("barChart(), sweepChart(): name their units, and the knee", async () => {
  const texts = textsOf(await renderSvg([BARS, SWEEP]));
  assertShows(texts, ["requests/s", "per-core", "keep-alive", "100k"]);
  assertShows(texts, ["concurrency", "knee", "p99", "p99 latency (ms)"]);
});

Deno.test("barChart(), lineChart(): a logarithmic scale where the smallest would vanish", async () => {
  const bars = (values: number[]) =>
    barChart(
      "t",
      values.map((value, i) => ({ name: `${i}`, bars: [{ series: "s", value }] })),
      "n",
    );
  const points = [10, 100_000].map((value, i) => ({
    series: "s",
    place: `${i}`,
    value,
    low: value / 2,
    high: value,
  }));
  const line = lineChart("t", points, { what: "late", where: "at", kind: "latency" });
  assertShows(textsOf(await renderSvg([bars([5000, 100_000])])), ["n", "100k"]);
  assertShows(textsOf(await renderSvg([bars([20, 100_000])])), ["n (log scale)", "1k"]);
  assertShows(textsOf(await renderSvg([line])), ["late (log scale)", "10 ms", "at"]);
  // What is 0 stays 0: it has no bar.
  assertShows(textsOf(await renderSvg([bars([0, 20, 100_000])])), ["n (log scale)"]);
});

Deno.test("lineChart(): a line and its whiskers have one colour", async () => {
  const points = ["a", "b"].map((series) => ({ series, place: "1", value: 5, low: 4, high: 6 }));
  const chart = lineChart("t", points, { what: "n", where: "at", kind: "count" });
  const svg = await renderSvg([chart]);
  for (const colour of THEMES.light.series.slice(0, 2)) {
    assert.match(svg, new RegExp(`fill="${colour}"`), "the mark of the line");
    assert.match(svg, new RegExp(`stroke="${colour}"`), "its whisker");
  }
});

Deno.test("barChart(): draws whiskers only where there is a spread", async () => {
  const plain = (spread: { low?: number; high?: number }) =>
    barChart("t", [
      { name: "a", bars: [{ series: "s", value: 10, ...spread }] },
      { name: "b", bars: [{ series: "s", value: 20 }] },
    ], "n");
  const count = async (chart: Chart) => (await renderSvg([chart])).match(/<path/g)!.length;
  assert.equal(await count(plain({ low: 8, high: 12 })), await count(plain({})) + 3);
});

Deno.test("charts: survive a run without a single sample", async () => {
  const empty = {
    ...BENCH,
    clients: [],
    connectUs: { ...HTSTRESS.connectUs },
    echoUs: { ...HTSTRESS.connectUs },
  };
  const texts = textsOf(await renderSvg(benchCharts(empty, [{ name: "echo", curve: [] }])));
  assertShows(texts, ["client", "percentile (%)"]);
});

Deno.test("renderSvg(): escapes names, and titles the drawing", async () => {
  const svg = await renderSvg([barChart('a < "b" & c', [], "requests/s")]);
  textsOf(svg);
  assert.ok(svg.includes('aria-label="a &lt; &quot;b&quot; &amp; c"'));
});

/** WCAG's contrast ratio of two colours such as `#12ab9f`. */
function contrast(a: string, b: string): number {
  const luminance = (colour: string) => {
    const [r, g, blue] = [1, 3, 5]
      .map((i) => parseInt(colour.slice(i, i + 2), 16) / 255)
      .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * blue;
  };
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

for (const name of Object.keys(THEMES) as ThemeName[]) {
  Deno.test(`theme ${name}: is what the drawing has, and can be read`, async () => {
    const theme = THEMES[name];
    const svg = await renderSvg([BARS], { theme: name });
    assert.ok(svg.includes(theme.background) && svg.includes(theme.series[1]));
    for (const text of [theme.text, theme.muted]) {
      assert.ok(contrast(text, theme.background) >= 4.5, text);
    }
    for (const colour of [...theme.series, theme.axis]) {
      assert.ok(contrast(colour, theme.background) >= 3, colour);
    }
  });
}

Deno.test("renderPng(): twice the size, with text in it", async () => {
  const draw = (text: string) =>
    renderPng(
      `<svg xmlns="http://www.w3.org/2000/svg" width="120" height="40">` +
        `<text x="5" y="25" font-family="system-ui, sans-serif">${text}</text></svg>`,
    );
  const [blank, micro, missing] = await Promise.all([draw(""), draw("µs"), draw("\u{F0000}s")]);
  assert.deepEqual([...micro.slice(0, 8)], [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const header = new DataView(micro.buffer, micro.byteOffset);
  assert.deepEqual([header.getUint32(16), header.getUint32(20)], [240, 80]);
  assert.notDeepEqual(micro, blank, "text is drawn");
  assert.notDeepEqual(micro, missing, "the font has a micro sign");
});
