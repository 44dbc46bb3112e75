/// <reference lib="dom" />
/**
 * What takes minutes, or a quiet machine: `deno task play:check`. Each story runs to its end; the first
 * picture comes within a second; frames stay short while 2,000 connections are shown. Figures are
 * printed.
 */
import assert from "node:assert/strict";
import type { Browser, Page } from "puppeteer-core";
import { LABS } from "../../play/page/stories/story.ts";
import { STORIES } from "../../play/page/stories/stories.ts";
import { findChromium, launchChromium } from "../support/report_checks.ts";
import { OpenedPage, startPlay } from "../support/play_page.ts";

const CHROMIUM = findChromium();
if (CHROMIUM === null) throw new Error("No Chromium is installed");

/** The longest that a story may take, in ms. */
const STORY_MS = 120_000;

/** The longest until there is a picture, in ms. */
const FIRST_PICTURE_MS = 1000;

/** 60 frames a second, and what a timer may be late. */
const FRAME_MS = 17.5;

const CONNECTIONS = 2000;

/** Opens a page of a host and a browser of its own, for `use`. */
async function withPage(
  use: (page: Page, url: string, browser: Browser) => Promise<void>,
): Promise<void> {
  const host = await startPlay({ deadlineMs: 600_000 });
  await using _host = host.process;
  const browser = await launchChromium(CHROMIUM!);
  try {
    const page = await browser.newPage();
    await page.setViewport({ width: 1280, height: 900 });
    await use(page, host.url, browser);
  } finally {
    await browser.close();
  }
}

function check(name: string, fn: () => Promise<void>): void {
  // The browser's own sockets and timers end with its process.
  Deno.test({ name, fn, sanitizeOps: false, sanitizeResources: false });
}

for (const lab of LABS) {
  check(`story ${lab}: runs to its end, and its figures tell`, () =>
    withPage(async (page, url) => {
      const opened = new OpenedPage(page, url);
      page.setDefaultTimeout(STORY_MS);
      await opened.open(`#v=1&story=${lab}`);
      await page.click(".story input[type=radio]");
      await opened.press("Run the story");
      await page.waitForSelector(".outcome");
      const measured = await page.$eval(".outcome dl", (list) => list.textContent);
      const figures = await page.$$eval(".steps tbody td", (cells) =>
        cells.map((cell) => cell.firstChild?.textContent ?? ""));
      const { length } = STORIES[lab].steps;
      const known = figures.filter((text) =>
        /\d/.test(text)
      );
      console.log(`${lab}: ${measured} (${known.length} of ${figures.length} figures)`);
      // Each step has told something.
      for (let step = 0; step < length; ++step) {
        const column = figures.filter((_, i) => i % length === step);
        assert.ok(column.some((text) => /\d/.test(text)), `step ${step}: ${column}`);
      }
      assert.deepEqual(opened.faults, []);
      assert.equal(await page.$(".complaint"), null);
    }));
}

check(
  "the first picture comes within a second of opening",
  () =>
    withPage(async (page, url, browser) => {
      const opened = new OpenedPage(page, url);
      await opened.open(
        "#v=1&a.service=echo&a.engine=deno&a.model=single&load.ratePerSecond=500&load.durationMs=60000",
      );
      await opened.press("Start server and load");
      await page.waitForSelector(".first-figure");
      // Another one, in a cache of its own, opens while the load runs.
      const context = await browser.createBrowserContext();
      const other = await context.newPage();
      await other.setViewport({ width: 1280, height: 900 });
      await other.evaluateOnNewDocument(() => {
        const isDrawn = () =>
          [...document.querySelectorAll<HTMLCanvasElement>(".overview canvas")].some((canvas) => {
            const { width, height } = canvas;
            if (width === 0 || height === 0) return false;
            const pixels = canvas.getContext("2d")!.getImageData(0, 0, width, height).data;
            return pixels.some((value) => value !== 0);
          });
        const look = () => {
          if (isDrawn()) document.documentElement.dataset.drawnMs = String(performance.now());
          else requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
      });
      await other.goto(url);
      await other.waitForSelector("[data-drawn-ms]");
      const [paintMs, drawnMs] = await other.evaluate(() => [
        performance.getEntriesByName("first-contentful-paint")[0].startTime,
        Number(document.documentElement.dataset.drawnMs),
      ]);
      console.log(
        `first paint ${paintMs.toFixed(0)} ms, first frame drawn ${drawnMs.toFixed(0)} ms`,
      );
      assert.ok(paintMs <= FIRST_PICTURE_MS, `first paint after ${paintMs} ms`);
      assert.ok(drawnMs <= FIRST_PICTURE_MS, `first frame drawn after ${drawnMs} ms`);
    }),
);

check(
  `${CONNECTIONS} connections are shown at 60 frames a second`,
  () =>
    withPage(async (page, url) => {
      const opened = new OpenedPage(page, url);
      await opened.open(
        "#v=1&a.service=http&a.engine=epoll&a.model=single&a.idleTimeoutMs=60000" +
          `&load.clients=8&load.ratePerSecond=500&load.silentClients=${CONNECTIONS - 8}` +
          "&load.durationMs=60000",
      );
      await opened.press("Start server and load");
      const isOpen = (count: number) =>
        [...document.querySelectorAll(".figures div")].some((figure) =>
          figure.textContent!.endsWith(count.toLocaleString("en"))
        );
      await page.waitForFunction(isOpen, { timeout: 30_000 }, CONNECTIONS);
      await page.$eval(".cells", (cells) => cells.scrollIntoView());
      const gaps = await page.evaluate(async () => {
        const gaps: number[] = [];
        let before = performance.now();
        await new Promise<void>((resolve) => {
          const step = (now: number) => {
            gaps.push(now - before);
            before = now;
            if (gaps.length < 300) requestAnimationFrame(step);
            else resolve();
          };
          requestAnimationFrame(step);
        });
        return gaps.slice(1).sort((a, b) => a - b);
      });
      const at = (share: number) => gaps[Math.floor(share * (gaps.length - 1))];
      const [p50, p95, max] = [at(0.5), at(0.95), at(1)].map((ms) => Number(ms.toFixed(1)));
      console.log(`frames: p50 ${p50} ms, p95 ${p95} ms, longest ${max} ms`);
      assert.ok(p95 <= FRAME_MS, `p95 of frames is ${p95} ms`);
    }),
);
