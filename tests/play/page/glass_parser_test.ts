/// <reference lib="dom" />
/**
 * Slow motion and the parser bench as a person has them: headless Chromium at a real `ktcp play`, whose
 * servers run under the glass. Skipped where there is no Chromium.
 */
import assert from "node:assert/strict";
import type { Browser, Page } from "puppeteer-core";
import { Launched } from "../../support/launch.ts";
import { findChromium, launchChromium } from "../../support/report_checks.ts";

const CHROMIUM = findChromium();
const options = { ignore: CHROMIUM === null, sanitizeOps: false, sanitizeResources: false };

let browser: Promise<Browser> | undefined;
let play: Launched | undefined;
let address: Promise<string> | undefined;

/** The address that `ktcp play` prints. */
function playAddress(): Promise<string> {
  return address ??= (async () => {
    play = new Launched(["play", "--port", "0"], { deadlineMs: 60_000 });
    return (await play.untilOut(/^(http:\/\/\S+)\n/m))[1];
  })();
}

Deno.test.afterAll(async () => {
  await (await browser)?.close();
  await play?.[Symbol.asyncDispose]();
});

interface Opened extends AsyncDisposable {
  page: Page;
  /** The text of the first element that matches. */
  text(selector: string): Promise<string>;
  /** Errors of the page so far. */
  errors: string[];
}

async function open(tab: "glass" | "parser", width = 1280, scheme = "light"): Promise<Opened> {
  browser ??= launchChromium(CHROMIUM!);
  const page = await (await browser).newPage();
  const errors: string[] = [];
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await page.setViewport({ width, height: 900 });
  await page.goto(await playAddress());
  await page.locator(`#tab-${tab}`).click();
  return {
    page,
    errors,
    text: (selector) => page.$eval(selector, (element) => element.textContent ?? ""),
    [Symbol.asyncDispose]: () => page.close(),
  };
}

/** Violations that axe finds in the open tab, and how far the page is wider than its window. */
async function inspect(page: Page): Promise<{ violations: string[]; overflowPx: number }> {
  const { default: axe } = await import("axe-core");
  await page.evaluate(axe.source);
  return await page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: {
        run(context: string): Promise<
          { violations: { id: string; help: string; nodes: { html: string }[] }[] }
        >;
      };
    };
    const { violations } = await axe.run("#tab-panel");
    return {
      violations: violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes[0].html}`),
      overflowPx: document.documentElement.scrollWidth - innerWidth,
    };
  });
}

const FINE = { violations: [], overflowPx: 0 };

Deno.test(
  { ...options, name: "parser bench: three parsers read what is chosen, typed and cut" },
  async () => {
    await using opened = await open("parser");
    const { page, text, errors } = opened;
    assert.match(await text(".bench-verdict"), /^Refused with 400“?.*RFC 9112 section 6\.1/);
    assert.match(await text(".bench-verdict .proof"), /for all 117 ways/);
    const outcomes = () =>
      page.$$eval(".parser-outcome", (all) => all.map(({ textContent }) => textContent));
    assert.deepEqual(await outcomes(), [
      "Requests: 0, then refused",
      "Requests: 0, then refused",
      "Requests: 2, all read",
    ]);

    await page.select(".example select", "pipelined");
    assert.match(await text(".bench-verdict"), /^Requests: 3, then the connection closes/);
    assert.equal((await page.$$(".messages table")).length, 3);
    assert.equal((await page.$$(".parts tbody tr")).length, 3);

    const type = async (bytes: string) => {
      await page.$eval(".notation textarea", (area, value) => {
        (area as HTMLTextAreaElement).value = value;
        area.dispatchEvent(new Event("input", { bubbles: true }));
      }, bytes);
    };
    await type("GET / HTTP/1.1\n\n");
    assert.match(await text(".bench-verdict"), /^Refused with 400.*RFC 9112 section 3\.2/);
    assert.match(await text(".differences"), /ktcp refuses request 1; llhttp goes on/);
    await type("GET /\\q");
    assert.match(await text(".notation .fault"), /^Line 1: \\q is not a byte/);

    // By keyboard: to the second place, cut there, then at every byte.
    await type("GET / HTTP/1.1\nHost: a\n\n");
    await page.focus(".cut-tools input");
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    const cells = () =>
      page.$$eval(
        ".parts tbody tr",
        (rows) =>
          rows.map((row) =>
            [...row.querySelectorAll("td")].slice(0, 4).map((td) => td.textContent)
          ),
      );
    assert.deepEqual((await cells())[0], ["2", "0", "2", "request line"]);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    const rows = await cells();
    assert.equal(rows.length, 27);
    assert.deepEqual(rows.at(-1), ["1", "27", "27", "between requests"]);
    assert.match(await text(".bench-verdict"), /^Requests: 1, all read/);

    assert.deepEqual(await inspect(page), FINE);
    await page.setViewport({ width: 400, height: 900 });
    assert.deepEqual(await inspect(page), FINE);
    assert.deepEqual(errors, []);
  },
);

Deno.test(
  { ...options, name: "slow motion: a real run, stepped through and compared" },
  async () => {
    await using opened = await open("glass", 1280, "dark");
    const { page, text, errors } = opened;
    await page.select(".glass-choices select", "three-parts");
    // Two engines do, where there are more.
    const engines = await page.$$eval(
      ".glass-choices fieldset label",
      (labels) =>
        labels.map((label) => {
          const name = label.textContent!.trim();
          if (name !== "deno" && name !== "epoll") {
            label.querySelector("input")!.click();
          }
          return name;
        }),
    );
    await page.click(".glass-run");
    await page.waitForSelector(".glass-result", { timeout: 20_000 });

    const arrivals = await page.$$eval(
      ".engine-table tbody:not(.totals) th",
      (all) => all.map(({ textContent }) => textContent),
    );
    assert.deepEqual(arrivals, [
      "accepted",
      "8 bytes arrive",
      "14 bytes arrive",
      "5 bytes arrive",
      "FIN arrives",
    ]);
    const columns = await page.$$eval(
      ".engine-table thead button",
      (all) => all.map(({ textContent }) => textContent),
    );
    assert.deepEqual(columns, engines.filter((name) => name === "deno" || name === "epoll"));
    const pressed = await text(".engine-table [aria-pressed=true]");

    // By keyboard to where the first part is received, and what stands in the block then.
    await page.focus(".player input");
    const now = () => text(".connection .now code");
    const until = async (step: string) => {
      for (let i = 0; i < 40 && await now() !== step; ++i) await page.keyboard.press("ArrowRight");
      assert.equal(await now(), step);
    };
    await until("received 8");
    assert.match(await text(".connection .byte-view"), /^GET \/ HT/);
    await until("received 14");
    assert.equal(await text(".connection .is-scanned"), "GET / HT");
    await until("Receive");
    assert.equal(await text(".connection .phases [aria-current]"), "in a head");
    assert.equal(await text(".engine-table .is-current th"), "14 bytes arrive");
    // Edge-triggered it tries before it waits, which is in vain when the first part is not there yet.
    if (pressed === "epoll") {
      assert.match(await text(".engine-table .totals"), /recv [45] · .*send 1/);
    }

    // The other engine is at the same place.
    await page.click(".engine-table [aria-pressed=false]");
    assert.equal(await now(), "Receive");
    assert.equal(await text(".engine-table .is-current th"), "14 bytes arrive");

    await page.focus(".player input");
    await page.keyboard.press("End");
    assert.equal(await now(), "end");
    assert.equal(await text(".connection .phases [aria-current]"), "closed");
    // It plays by itself, and stops at the end.
    await page.keyboard.press("Home");
    await page.select(".player select", "8");
    await page.keyboard.press(" ");
    await page.waitForFunction(
      () => document.querySelector(".connection .now code")?.textContent === "end",
      { timeout: 20_000 },
    );
    assert.equal(await text(".player .play"), "Play");

    assert.deepEqual(await inspect(page), FINE);
    await page.setViewport({ width: 400, height: 900 });
    assert.deepEqual(await inspect(page), FINE);
    assert.deepEqual(errors, []);
  },
);
