/// <reference lib="dom" />
/**
 * Writes `docs/images/play-light.png` and `docs/images/play-dark.png`: `deno task screenshots`. The
 * real `ktcp play` runs two servers, one that works on its event loop and one that has a pool for
 * it, under the same loads, for a minute, so that the charts are filled.
 */
import type { Page } from "puppeteer-core";
import { Process } from "../../system/process.ts";
import { ROOT } from "../shared/repository.ts";
import { findChromium, launchChromium } from "./chromium.ts";

/** In CSS px. */
const VIEW = { width: 1280, height: 960, deviceScaleFactor: 1.5 };

/** The largest picture: a README has to load quickly. */
const MOST_BYTES = 400_000;

/** Each message waits for 2 ms, as for a disk. */
const SERVERS = ["per-core", "shared-pool"].map((model, i) => {
  const name = "ab"[i];
  return `${name}.service=http&${name}.engine=epoll&${name}.model=${model}` +
    `&${name}.workUs=2000&${name}.workKind=block`;
}).join("&");

/** Loads, one after the other: clients, and how long in ms. Charts show the last 60 s. */
const LOADS = [
  { clients: 4, durationMs: 20_000 },
  { clients: 16, durationMs: 20_000 },
  { clients: 48, durationMs: 60_000 },
];

/** How long the last load runs before the pictures are taken, in ms. */
const SETTLED_MS = 17_000;

const hashOf = ({ clients, durationMs }: typeof LOADS[number]) =>
  `#v=1&${SERVERS}&load.clients=${clients}&load.durationMs=${durationMs}`;

/** Presses all buttons with this text. */
async function press(page: Page, text: string): Promise<void> {
  const selector = `::-p-xpath(.//button[.="${text}"])`;
  await page.waitForSelector(selector);
  for (const button of await page.$$(selector)) await button.click();
}

/** Waits until `count` elements match. */
async function untilCount(page: Page, selector: string, count: number): Promise<void> {
  await page.waitForFunction(
    (selector, count) => document.querySelectorAll(selector).length === count,
    {},
    selector,
    count,
  );
}

/** Puts the loads on the servers, and takes both pictures. */
async function takePictures(page: Page, url: string, directory: string): Promise<void> {
  page.setDefaultTimeout(120_000);
  await page.setViewport(VIEW);
  await page.goto(url + hashOf(LOADS[0]));
  await press(page, "Start server");
  await untilCount(page, ".server-card .state-running", 2);
  for (const load of LOADS) {
    // The one before has ended.
    await page.waitForSelector('::-p-xpath(.//button[.="Start load"])');
    await page.evaluate((hash) => void (location.hash = hash), hashOf(load));
    await press(page, "Start load");
    await page.waitForSelector('::-p-xpath(.//button[.="Stop load"])');
  }
  await new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
  // Shows the server with the pool in detail.
  await press(page, "B");
  for (const theme of ["light", "dark"] as const) {
    await page.select("#theme", theme);
    await page.evaluate(() => {
      (document.activeElement as HTMLElement | null)?.blur();
      document.querySelector(".left")!.scrollTo(0, 0);
      scrollTo(0, 0);
    });
    // By then all charts have their new colours.
    await new Promise((resolve) => setTimeout(resolve, 500));
    const path = `${directory}/play-${theme}.png` as const;
    const { length } = await page.screenshot({ path });
    if (length > MOST_BYTES) {
      throw new Error(`${path} has ${length} bytes, more than ${MOST_BYTES}`);
    }
    console.log(`${path}: ${length} bytes`);
  }
}

if (import.meta.main) {
  const chromium = findChromium();
  if (chromium === null) {
    console.error("The pictures need Chromium, and none is installed.");
    Deno.exit(1);
  }
  const directory = `${ROOT}/docs/images`;
  Deno.mkdirSync(directory, { recursive: true });
  const main = `${ROOT}/cli/main.ts`;
  const ktcp = [Deno.execPath(), "run", "-A", "--no-prompt", main, "play", "--port", "0"];
  await using host = new Process(ktcp, { deadlineMs: 180_000 });
  const address = await host.untilOut(/\n(http:\/\/\S+)\n/);
  if (address === null) throw new Error(`ktcp play has ended: ${(await host.ended).err}`);
  const browser = await launchChromium(chromium);
  try {
    await takePictures(await browser.newPage(), address[1], directory);
  } finally {
    await browser.close();
  }
}
