/// <reference lib="dom" />
/**
 * The page in headless Chromium, at a real `ktcp play`: set-up, address, language, colours, stories,
 * runs, keyboard and what a screen reader needs. Skipped where there is no Chromium.
 */
import assert from "node:assert/strict";
import type { Browser } from "puppeteer-core";
import { findChromium, launchChromium, validateHtml } from "../../support/report_checks.ts";
import { OpenedPage, startPlay } from "../../support/play_page.ts";
import { until } from "../../support/until.ts";

const CHROMIUM = findChromium();

let browser: Promise<Browser> | undefined;
let host: ReturnType<typeof startPlay> | undefined;

Deno.test.afterAll(async () => {
  await (await browser)?.close();
  await (await host)?.process[Symbol.asyncDispose]();
});

function pageTest(name: string, use: (opened: OpenedPage) => Promise<void>): void {
  Deno.test({
    name: CHROMIUM === null ? `${name} (skipped: no Chromium is installed)` : name,
    ignore: CHROMIUM === null,
    // The browser's own sockets and timers end with its process.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async () => {
      const { url } = await (host ??= startPlay());
      const context = await (await (browser ??= launchChromium(CHROMIUM!))).createBrowserContext();
      try {
        const page = await context.newPage();
        await page.setViewport({ width: 1280, height: 900 });
        const opened = new OpenedPage(page, url);
        await use(opened);
        assert.deepEqual(opened.faults, []);
      } finally {
        await context.close();
      }
    },
  });
}

pageTest("a server and a load are started, show figures, and are stopped", async (opened) => {
  await opened.open();
  await opened.press("Start server");
  await opened.untilText(".server-card .state", /^listening on 127\.0\.0\.1:\d+$/);
  await opened.press("Start load");
  await opened.untilText("[role=tabpanel]", /[1-9][\d,.]*(\s*[kM])?\s*\/s/);
  // A second press of the same button stops it.
  await opened.press("Stop load");
  await opened.page.waitForSelector('::-p-xpath(.//button[.="Start load"])');
  await opened.press("Stop server");
  await opened.untilText(".server-card .state", /^not started$/);
});

pageTest("a load without a server is refused in words", async (opened) => {
  await opened.open();
  await opened.press("Start load");
  await opened.untilText(".complaints", /There is no server to put the load on/);
  await opened.press("Dismiss");
  assert.equal(await opened.text(".complaints"), "");
});

pageTest(
  "the address holds the set-up; back, forward, reload and a link follow it",
  async (opened) => {
    const { page } = opened;
    await opened.open();
    await opened.choose("Service", "http");
    assert.match(await opened.hash(), /^#v=1&a\.service=http&/);
    await opened.type("Clients", "20");
    await opened.type("Duration", "2.5");
    assert.match(await opened.hash(), /&load\.clients=20&load\.durationMs=2500$/);
    await opened.press("Duplicate");
    assert.match(await opened.hash(), /&b\.service=http&/);
    assert.equal((await page.$$(".server-card")).length, 2);

    await page.goBack();
    await until(async () => (await page.$$(".server-card")).length === 1);
    assert.match(await opened.hash(), /load\.durationMs=2500$/);
    await page.goForward();
    await until(async () => (await page.$$(".server-card")).length === 2);
    await page.reload();
    await until(async () => (await page.$$(".server-card")).length === 2);
    assert.equal(
      await (await opened.control("Clients")).evaluate((input) =>
        (input as HTMLInputElement).value
      ),
      "20",
    );

    await page.evaluate(() => {
      // A headless browser has no clipboard to ask for.
      const copied = (text: string) => Promise.resolve(void (document.title = text));
      Object.defineProperty(navigator, "clipboard", { value: { writeText: copied } });
    });
    await opened.press("Copy link");
    const link = await page.title();
    assert.match(link, /^http:\/\/127\.0\.0\.1:\d+\/#v=1&a\.service=http&.*load\.clients=20/);
    assert.doesNotMatch(link, /token/);

    await opened.press("Remove");
    await opened.type("Open a link", link);
    await opened.press("Open", ".setup");
    await until(async () => (await page.$$(".server-card")).length === 2);
  },
);

pageTest(
  "what is unknown in an address, or too large, is told, and the rest holds",
  async (opened) => {
    await opened.open("#v=1&a.service=http&a.backlog=0&a.colour=red&load.clients=7");
    await opened.untilText(".complaints", /backlog: 0 is not a whole number from 1 to 4096/);
    await opened.untilText(".complaints", /colour is not known/);
    assert.equal(
      await opened.hash(),
      "#v=1&a.service=http&a.engine=deno&a.model=per-core&load.clients=7",
    );
    await opened.type("Clients", "2001");
    const clients = await opened.control("Clients");
    assert.equal(await clients.evaluate((input) => input.getAttribute("aria-invalid")), "true");
    assert.match(await opened.hash(), /load\.clients=7$/);
  },
);

pageTest("each control says what it stands for, and why it does nothing", async (opened) => {
  const { page } = opened;
  await opened.open();
  await opened.choose("Model", "single");
  const described = await (await opened.control("Workers")).evaluate((input) =>
    input.getAttribute("aria-describedby")!.split(" ").map((id) =>
      document.getElementById(id)!.textContent
    ).join(" ")
  );
  assert.match(described, /Threads that serve.*Only the model per-core has/);
  assert.ok(
    await (await opened.control("Workers")).evaluate((input) =>
      (input as HTMLInputElement).disabled
    ),
  );
  await page.click("summary");
  const help = await page.waitForSelector('button[aria-label="What Backlog means"]');
  await help!.click();
  await opened.untilText("#setup-body", /min\(backlog, net\.core\.somaxconn\)/);
  assert.equal(await help!.evaluate((button) => button.getAttribute("aria-expanded")), "true");
});

pageTest("language and colours are switched, and remembered", async (opened) => {
  const { page } = opened;
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
  await opened.open();
  const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  assert.equal(await theme(), "dark");
  const dark = await background();
  await page.select("#theme", "light");
  assert.equal(await theme(), "light");
  assert.notEqual(await background(), dark);

  await page.select("#language", "zh-TW");
  await page.waitForSelector('::-p-xpath(.//button[.="啟動伺服器"])');
  assert.equal(await page.evaluate(() => document.documentElement.lang), "zh-TW");
  await page.reload();
  await page.waitForSelector('::-p-xpath(.//button[.="啟動伺服器"])');
  assert.equal(await theme(), "light");
});

pageTest("the keyboard reaches everything: skip link, tabs, controls", async (opened) => {
  const { page } = opened;
  await opened.open();
  const focused = () =>
    page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent);
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "Skip to the views");
  const hash = await opened.hash();
  await page.keyboard.press("Enter");
  assert.equal(await focused(), "main");
  assert.equal(await opened.hash(), hash);
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "tab-live");
  await page.keyboard.press("ArrowRight");
  assert.equal(await focused(), "tab-glass");
  await page.keyboard.press("End");
  assert.equal(await focused(), "tab-runs");
  assert.match(await opened.text("[role=tabpanel]"), /^Runs/);
  await page.keyboard.press("ArrowRight");
  assert.equal(await focused(), "tab-live");
});

pageTest(
  "a story asks first, runs to its end, and its run is kept, replayed, compared, saved",
  async (opened) => {
    const { page } = opened;
    await opened.open("#v=1&story=shutdown");
    await opened.untilText(".story", /What happens to open connections when a server is unloaded/);
    // Without a prediction nothing starts.
    await opened.press("Run the story");
    assert.equal(await page.$('::-p-xpath(.//button[.="Stop the story"])'), null);
    await page.click('.story input[value="none"]');
    // What runs already would disturb it, and is stopped first.
    await opened.press("Start server");
    await opened.untilText(".server-card .state", /^listening on/);
    await opened.press("Run the story");
    await page.waitForSelector('::-p-xpath(.//button[.="Stop the story"])');
    assert.ok(await page.$eval(".story fieldset", (set) => (set as HTMLFieldSetElement).disabled));
    await opened.untilText(".outcome", /You predicted\s+none\s+Measured/);
    await opened.untilText(".server-card .state", /^not started$/);
    assert.doesNotMatch(await opened.text("#setup-body"), /Other servers/);

    await page.click("#tab-runs");
    await opened.untilText(".run", /· shutdown[^]*A: http, deno, shared-pool/);
    await page.click(".run input[type=checkbox]");
    await opened.untilText(".runs table", /Answers\s+[1-9]/);

    await page.evaluate(() => {
      // What is saved goes to the title instead of a folder of downloads.
      const blobs: Blob[] = [];
      URL.createObjectURL = (blob) => {
        blobs.push(blob as Blob);
        return "#";
      };
      HTMLAnchorElement.prototype.click = async function () {
        document.title = `${this.download} ${(await blobs.at(-1)!.text()).slice(0, 200)}`;
      };
    });
    await opened.press("Save as JSON");
    await until(async () =>
      /^ktcp-play-\S+\.json \{"format":"ktcp-play-1"/.test(await page.title())
    );
    await opened.press("Save as HTML report");
    await until(async () => /^ktcp-play-\S+\.html <!doctype html>/i.test(await page.title()));

    await opened.press("Replay");
    await opened.untilText(".replay", /Run of [\d:]+ · shutdown/);
    await opened.press("Pause");
    const range = await page.waitForSelector(".replay input[type=range]");
    await range!.focus();
    await page.keyboard.press("End");
    const [at, of] = (await opened.text(".replay .figure")).match(/[\d.]+/g)!;
    assert.equal(at, of);
    await opened.press("Back to live");
    assert.equal(await page.$(".replay"), null);
  },
);

pageTest("another story runs to its end: spawn, whose steps have a server each", async (opened) => {
  const { page } = opened;
  await opened.open("#v=1&story=spawn");
  await page.click(".story input[type=radio]");
  await opened.press("Run the story");
  await opened.untilText(".outcome", /You predicted[^]+Measured/);
  // Each step has told something.
  const known = await page.$$eval(
    ".steps tbody tr:first-child td",
    (cells) => cells.map((cell) => /[1-9]/.test(cell.textContent)),
  );
  assert.ok(known.length >= 2 && known.every(Boolean), String(known));
});

/** Each two of tab, width and colours meet; all three at once would find no more. */
const AXE_VIEWS = [
  { tab: "live", width: 1280, theme: "light" },
  { tab: "live", width: 400, theme: "dark" },
  { tab: "runs", width: 400, theme: "light" },
  { tab: "runs", width: 1280, theme: "dark" },
];

pageTest("axe finds nothing, narrow and wide, in light and dark colours", async (opened) => {
  const { page } = opened;
  await opened.open("#v=1&story=backlog");
  await page.click("summary");
  for (const { tab, width, theme } of AXE_VIEWS) {
    await page.click(`#tab-${tab}`);
    await page.setViewport({ width, height: 900 });
    if (width < 800 && tab === "live") await opened.press("Set-up");
    await page.select("#theme", theme);
    assert.deepEqual(await opened.violations(), [], `${tab}, ${width} px, ${theme}`);
  }
});

pageTest(
  "nothing is wider than the window, from 400 to 2,560 px, in both languages",
  async (opened) => {
    const { page } = opened;
    await opened.open("#v=1&story=multiplex");
    for (const language of ["en", "zh-TW"]) {
      await page.select("#language", language);
      for (const width of [400, 600, 800, 1024, 1360, 2000, 2560]) {
        await page.setViewport({ width, height: 900 });
        const excess = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(excess <= 0, `${excess} px at ${width} px in ${language}`);
      }
    }
  },
);

pageTest("the page is valid HTML", async (opened) => {
  await opened.open("#v=1&story=backlog");
  const serialized = await opened.page.evaluate(() => document.documentElement.outerHTML);
  // A browser writes a value behind attributes that have none.
  const html = serialized.replaceAll(/ (hidden|disabled|open)=""/g, " $1");
  assert.deepEqual(await validateHtml(`<!DOCTYPE html>\n${html}`), []);
});

Deno.test({
  name: "the page says when its host has gone",
  ignore: CHROMIUM === null,
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const own = await startPlay();
    const context = await (await (browser ??= launchChromium(CHROMIUM!))).createBrowserContext();
    try {
      const opened = new OpenedPage(await context.newPage(), own.url);
      await opened.open();
      own.process.signal("SIGTERM");
      await opened.untilText(".complaints", /connection to ktcp play is lost.*tried again/);
      await opened.press("Start server");
      await opened.untilText(".complaints", /ktcp play does not answer/);
    } finally {
      await context.close();
      await own.process[Symbol.asyncDispose]();
    }
  },
});
