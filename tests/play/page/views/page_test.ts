/// <reference lib="dom" />
/**
 * The live views in a browser: the real page, with frames that a fake host makes. Skipped where there is
 * no Chromium.
 */
import assert from "node:assert/strict";
import type { Browser, Page } from "puppeteer-core";
import { formatCount, formatTime } from "../../../../play/page/views/format.ts";
import { moments } from "../../../../play/page/views/moments.ts";
import { FRAME_MS } from "../../../../play/protocol.ts";
import { findChromium, launchChromium } from "../../../support/report_checks.ts";
import { type FakeServer, SyntheticFrames } from "../../synthetic_frames.ts";
import { startFakeHost } from "../fake_host.ts";

const CHROMIUM = findChromium();

let browser: Promise<Browser> | undefined;

Deno.test.afterAll(async () => {
  await (await browser)?.close();
});

const BUSY: FakeServer[] = [{ id: "s1", connections: 300, churn: 5, errorRate: 5 }];

const THREE: FakeServer[] = [
  ...BUSY,
  { id: "s2", rate: 30_000, latencyUs: 500, setup: { engine: "io_uring", model: "per-core" } },
  { id: "s3", setup: { service: "echo", engine: "deno", model: "single" } },
];

interface Options {
  servers?: FakeServer[];
  /** Whether frames go on after the history. */
  isLive?: boolean;
  width?: number;
  scheme?: "light" | "dark";
  isReduced?: boolean;
}

interface Opened {
  page: Page;
  /** Console errors, uncaught exceptions. */
  faults: string[];
  source: SyntheticFrames;
  history: ReturnType<SyntheticFrames["take"]>;
}

async function withPage(options: Options, use: (opened: Opened) => Promise<void>) {
  const { servers = BUSY, isLive = false, width = 1280, scheme = "light" } = options;
  const source = new SyntheticFrames(servers);
  const history = source.take(150);
  await using host = startFakeHost({ history, next: isLive ? () => source.next() : undefined });
  const context = await (await (browser ??= launchChromium(CHROMIUM!))).createBrowserContext();
  try {
    const page = await context.newPage();
    const faults: string[] = [];
    page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
    page.on("pageerror", (error) => faults.push(String(error)));
    await page.emulateMediaFeatures([
      { name: "prefers-color-scheme", value: scheme },
      { name: "prefers-reduced-motion", value: options.isReduced ? "reduce" : "no-preference" },
    ]);
    await page.setViewport({ width, height: 900 });
    await page.goto(host.url);
    await page.waitForFunction(
      (text) => document.querySelector(".first-figure")?.textContent?.includes(text),
      {},
      isLive ? "" : rateText(history),
    );
    await use({ page, faults, source, history });
    assert.deepEqual(faults, []);
  } finally {
    await context.close();
  }
}

function rateText(frames: Opened["history"]): string {
  return formatCount(moments(frames, "s1").at(-1)!.loadRate);
}

const text = (page: Page, selector: string) =>
  page.$eval(selector, (element) => element.textContent ?? "");

function browserTest(name: string, options: Options, use: (opened: Opened) => Promise<void>): void {
  Deno.test({
    name: CHROMIUM === null ? `${name} (skipped: no Chromium is installed)` : name,
    ignore: CHROMIUM === null,
    // The browser's own sockets and timers end with its process.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: () => withPage(options, use),
  });
}

browserTest(
  "views: show a server's figures, pictures, tables and connections",
  {},
  async (opened) => {
    await showFigures(opened);
    await drawPictures(opened);
    await sayTheSameInTables(opened);
    await tellOfOneConnection(opened);
  },
);

async function showFigures({ page, history }: Opened) {
  const { loadRate, latency, open, acceptQueue } = moments(history, "s1").at(-1)!;
  const first = await page.$$eval(
    ".first-figure .value",
    (values) => values.map((value) => value.firstChild!.textContent),
  );
  assert.deepEqual(first.slice(0, 2), [formatCount(loadRate), formatTime(latency!.p99)]);
  const figures = await page.$$eval(".figures dd", (all) => all.map((each) => each.textContent));
  assert.equal(figures[0], formatCount(open));
  assert.equal(figures[1], `${acceptQueue} of 64`);
}

async function drawPictures({ page }: Opened) {
  // Off the screen nothing is drawn.
  await page.setViewport({ width: 1280, height: 4000 });
  await page.waitForFunction(() => {
    const canvases = [...document.querySelectorAll<HTMLCanvasElement>(".overview canvas")];
    return canvases.length >= 13 && canvases.every((canvas) => {
      const { width, height } = canvas;
      const { data } = canvas.getContext("2d")!.getImageData(0, 0, width, height);
      const colours = new Set(new Uint32Array(data.buffer));
      return colours.size > 3;
    });
  });
}

async function sayTheSameInTables({ page, history }: Opened) {
  const tables = await page.$$(".overview details.table");
  assert.ok(tables.length >= 12, `${tables.length} tables`);
  for (const table of tables) await table.$eval("summary", (summary) => summary.click());
  await page.waitForFunction(
    (count) => document.querySelectorAll(".overview details.table tbody").length === count,
    {},
    tables.length,
  );
  const { serverRate, loadRate } = moments(history, "s1").at(-1)!;
  assert.equal(
    await text(page, ".overview details.table tbody tr"),
    `now${formatCount(serverRate)}${formatCount(loadRate)}`,
  );
}

async function tellOfOneConnection({ page, history }: Opened) {
  const { ids, inputBytes } = history.at(-1)!.servers[0].sample!.connections;
  await page.focus(".cells");
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowRight");
  const told = await text(page, ".readout");
  const [, id, bytes] = /^Connection (\d+): \w+; (\d+).(?:B|KiB) received/.exec(told)!;
  const at = ids.indexOf(Number(id));
  assert.ok(at >= 0 && (inputBytes[at] > 999 || inputBytes[at] === Number(bytes)), told);
  // A screen reader hears it as well.
  assert.equal(await text(page, ".cells ~ [role=status]"), told);
  await (await page.$(".cells canvas"))!.hover();
  await page.waitForFunction(
    (before) => document.querySelector(".readout")!.textContent !== before,
    {},
    told,
  );
  assert.equal(await text(page, ".cells ~ [role=status]"), told);
}

browserTest(
  "views: compare servers, and mark the best",
  { servers: THREE },
  async ({ page, history }) => {
    const rates = ["s1", "s2", "s3"].map((id) => moments(history, id).at(-1)!.loadRate!);
    const cells = await page.$$eval(
      ".comparison tbody tr td:nth-of-type(1)",
      (all) => all.map((cell) => [cell.firstChild!.textContent, cell.className]),
    );
    assert.deepEqual(cells, [
      [formatCount(rates[0]), ""],
      [formatCount(rates[1]), "best"],
      [formatCount(rates[2]), ""],
    ]);
    // Each picture has all of them.
    assert.equal((await page.$$(".pictures .chart")).length, 4);
  },
);

for (const [width, scheme] of [[400, "light"], [1280, "dark"]] as const) {
  browserTest(
    `views: are clean for axe, and no wider than the window: ${width} px, ${scheme}`,
    { servers: THREE, width, scheme },
    async ({ page }) => {
      const { default: axe } = await import("axe-core");
      const opened = await page.$$(".overview details.table summary");
      for (const summary of opened) await summary.evaluate((element) => element.click());
      await page.evaluate(axe.source);
      const violations = await page.evaluate(async () => {
        const { axe } = globalThis as unknown as {
          axe: { run(what: string): Promise<{ violations: Violation[] }> };
        };
        interface Violation {
          id: string;
          nodes: { html: string; failureSummary: string }[];
        }
        const { violations } = await axe.run("#page");
        return violations.map(({ id, nodes }) =>
          `${id}: ${nodes[0].html} ${nodes[0].failureSummary}`
        );
      });
      assert.deepEqual(violations, []);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.equal(overflow, 0);
    },
  );
}

/** How often the text of an element changes in some time. */
function changes(page: Page, selector: string, ms: number): Promise<number> {
  return page.$eval(selector, (element, ms) => {
    let count = 0;
    const observer = new MutationObserver(() => count++);
    observer.observe(element, { characterData: true, childList: true, subtree: true });
    return new Promise<number>((resolve) =>
      setTimeout(() => {
        observer.disconnect();
        resolve(count);
      }, ms)
    );
  }, ms);
}

browserTest("views: change with frames, and speak seldom", { isLive: true }, async ({ page }) => {
  const [shown, spoken] = await Promise.all([
    changes(page, ".first-figures", 2000),
    changes(page, ".summary [role=status]", 2000),
  ]);
  assert.ok(shown >= 10, `${shown} changes of the figures`);
  assert.ok(spoken <= 1, `${spoken} changes of the live region`);
});

browserTest(
  "views: change once a second where no motion is wanted",
  { isLive: true, isReduced: true },
  async ({ page }) => {
    // Three figures, each of them with a detail.
    const shown = await changes(page, ".first-figures .value", 2500);
    assert.ok(shown >= 1 && shown <= 3, `${shown} changes`);
  },
);

browserTest(
  "views: draw 2,000 connections at 60 frames a second",
  { servers: [{ id: "s1", connections: 2000, churn: 20, errorRate: 5 }], isLive: true },
  async ({ page }) => {
    await page.$eval(".cells", (cells) => cells.scrollIntoView({ block: "center" }));
    const before = await page.metrics();
    const gaps = await page.evaluate(() => {
      const SECONDS = 3;
      return new Promise<number[]>((resolve) => {
        const times: number[] = [];
        const step = (atMs: number) => {
          times.push(atMs);
          if (atMs - times[0] < SECONDS * 1000) requestAnimationFrame(step);
          else resolve(times.slice(1).map((at, i) => at - times[i]));
        };
        requestAnimationFrame(step);
      });
    });
    const after = await page.metrics();
    const sorted = gaps.toSorted((a, b) => a - b);
    const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))];
    const scriptMs = (after.ScriptDuration! - before.ScriptDuration!) * 1000;
    const perSample = scriptMs / (sorted.reduce((a, b) => a + b) / FRAME_MS);
    const figures = `p50 ${at(0.5).toFixed(1)} ms, p95 ${at(0.95).toFixed(1)} ms, ` +
      `scripts ${perSample.toFixed(1)} ms a sample`;
    // Other processes on the machine may cost a frame; the page's own work may not.
    assert.ok(at(0.5) < 17.5, figures);
    assert.ok(perSample < 16.7, figures);
  },
);
