/// <reference lib="dom" />
/**
 * A browser at `ktcp http --dir`: headless Chromium lists, sorts, filters, opens a file, and seeks in
 * a video. Skipped where there is no Chromium.
 */
import assert from "node:assert/strict";
import type { Browser, Page } from "puppeteer-core";
import { launchServer } from "../../support/launch.ts";
import { findChromium, launchChromium } from "../../support/report_checks.ts";
import { webm } from "../../support/webm.ts";
import { withTree } from "./tree.ts";

const CHROMIUM = findChromium();

let browser: Promise<Browser> | undefined;

Deno.test.afterAll(async () => {
  await (await browser)?.close();
});

const TREE = {
  "site/notes.txt": "Hello from a file\n",
  "site/big.bin": new Uint8Array(3000),
  "site/file2.txt": "22",
  "site/file10.txt": "10",
  "site/photos/x.png": "x",
  // Asked for wherever a page names none, as the text files do.
  "site/favicon.ico": "",
  'site/<b>bold & "co".txt': "odd",
};

/** Each frame is a whole picture; a few of them take turns, as it takes time to draw one. */
const VIDEO = { width: 480, height: 270, frameMs: 500, frames: 120, pictures: 8 };
const VIDEO_SECONDS = VIDEO.frames * VIDEO.frameMs / 1000;

interface Opened {
  page: Page;
  /** The served directory. */
  root: string;
  base: string;
  /** Console errors, uncaught exceptions, failed requests. */
  faults: string[];
}

/** Opens a page in the browser that all tests share, with cookies, cache and history of its own. */
async function withPage(use: (opened: Opened) => Promise<void>): Promise<void> {
  const context = await (await (browser ??= launchChromium(CHROMIUM!))).createBrowserContext();
  await withTree(TREE, async (root) => {
    await using server = await launchServer(["http", "--dir", `${root}/site`, "--workers", "1"]);
    try {
      const page = await context.newPage();
      const faults: string[] = [];
      page.on("console", (message) => {
        if (message.type() === "error") faults.push(message.text());
      });
      page.on("pageerror", (error) => faults.push(String(error)));
      page.on("requestfailed", (request) => {
        // What a page no longer wants is aborted: seeking in a video does it all the time.
        const reason = request.failure()?.errorText;
        if (reason !== "net::ERR_ABORTED") faults.push(`${request.url()}: ${reason}`);
      });
      await use({ page, root: `${root}/site`, base: `http://${server.address}`, faults });
    } finally {
      await context.close();
    }
  });
}

/** Makes a video of noise, which no compression makes small: about 100 KiB a frame. */
async function makeVideo(page: Page): Promise<Uint8Array<ArrayBuffer>> {
  const images = await page.evaluate(({ width, height, pictures }) => {
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    const context = canvas.getContext("2d", { alpha: false })!;
    const pixels = context.createImageData(width, height);
    return Array.from({ length: pictures }, () => {
      for (let at = 0; at < pixels.data.length; ++at) pixels.data[at] = Math.random() * 256;
      context.putImageData(pixels, 0, 0);
      return canvas.toDataURL("image/webp", 0.8).split(",")[1];
    });
  }, VIDEO);
  const pictures = images.map((image) => Uint8Array.fromBase64(image));
  const shown = Array.from({ length: VIDEO.frames }, (_, i) => pictures[i % pictures.length]);
  return webm({ ...VIDEO, images: shown });
}

/** The names that are shown, in their order. */
function shownNames(page: Page): Promise<string[]> {
  return page.$$eval(
    "tbody tr:not([hidden]) td:first-child a bdi",
    (names) => names.map((name) => name.textContent ?? ""),
  );
}

function browserTest(name: string, use: (opened: Opened) => Promise<void>): void {
  Deno.test({
    name: CHROMIUM === null ? `${name} (skipped: no Chromium is installed)` : name,
    ignore: CHROMIUM === null,
    // The browser's own sockets and timers end with its process.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: () => withPage(use),
  });
}

browserTest("Chromium lists a directory, sorts and filters it", async ({ page, base, faults }) => {
  await page.goto(base);
  const byName = ["photos", '<b>bold & "co".txt', "big.bin", "favicon.ico", "file2.txt"];
  assert.deepEqual((await shownNames(page)).slice(0, 5), byName);

  await page.click("th.size a");
  const bySize = await shownNames(page);
  assert.equal(bySize[0], "photos");
  assert.ok(bySize.indexOf("file2.txt") < bySize.indexOf("big.bin"));
  await page.click("th.size a");
  assert.ok((await shownNames(page)).indexOf("big.bin") < bySize.indexOf("big.bin"));
  assert.match(page.url(), /\?sort=size&order=desc$/);
  // The order that the script made is the one that the server makes.
  const sorted = await shownNames(page);
  await page.reload();
  assert.deepEqual(await shownNames(page), sorted);

  await page.type("#filter", "FILE1");
  await page.waitForFunction(() =>
    document.querySelectorAll("tbody tr:not([hidden])").length === 1
  );
  assert.deepEqual(await shownNames(page), ["file10.txt"]);
  assert.match(await page.$eval("#count", (count) => count.textContent ?? ""), /^1 of \d+ shown$/);
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => document.querySelectorAll("tbody tr:not([hidden])").length > 1);
  assert.deepEqual(faults, []);
});

browserTest("Chromium follows links to files and directories", async ({ page, base, faults }) => {
  await page.goto(base);
  await Promise.all([page.waitForNavigation(), page.click('a[href="notes.txt"]')]);
  assert.equal(await page.$eval("body", (body) => body.innerText.trim()), "Hello from a file");
  await page.goBack();
  await Promise.all([page.waitForNavigation(), page.click('a[href="photos/"]')]);
  assert.deepEqual(await shownNames(page), ["x.png"]);
  await Promise.all([page.waitForNavigation(), page.click('a[href="../"]')]);
  const odd = await page.$$eval(
    "tbody a",
    (links) => links.find((link) => link.textContent?.includes("bold"))!.href,
  );
  await page.goto(odd);
  assert.equal(await page.$eval("body", (body) => body.innerText.trim()), "odd");
  assert.deepEqual(faults, []);
});

browserTest("Chromium seeks in a video by range requests", async ({ page, root, base, faults }) => {
  const ranges: string[] = [];
  page.on("response", (response) => {
    const range = response.headers()["content-range"];
    if (range !== undefined) ranges.push(`${response.status()} ${range}`);
  });
  await page.goto(`${base}/notes.txt`);
  Deno.writeFileSync(`${root}/video.webm`, await makeVideo(page));
  const seenAt = await page.evaluate(
    async (url, seconds) => {
      const video = document.createElement("video");
      document.body.append(video);
      video.muted = true;
      video.preload = "metadata";
      const event = (name: string) =>
        new Promise((resolve, reject) => {
          video.addEventListener(name, resolve, { once: true });
          video.addEventListener("error", () => reject(new Error(video.error?.message)));
        });
      const loaded = event("loadedmetadata");
      video.src = url;
      await loaded;
      const seeked = event("seeked");
      video.currentTime = seconds;
      await seeked;
      return [video.duration, video.currentTime, video.readyState];
    },
    `${base}/video.webm`,
    VIDEO_SECONDS - 5,
  );
  assert.deepEqual(seenAt.slice(0, 2), [VIDEO_SECONDS, VIDEO_SECONDS - 5]);
  assert.ok(seenAt[2] >= 2, "the frame at that place is there");
  assert.ok(ranges.every((range) => range.startsWith("206 ")), ranges.join(", "));
  assert.ok(ranges.some((range) => !range.includes(" 0-")), `none into the file: ${ranges}`);
  assert.deepEqual(faults, []);
});
