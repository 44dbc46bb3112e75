/// <reference lib="dom" />
/** The page of a real `ktcp play` in headless Chromium, and what a person does with it. */
import assert from "node:assert/strict";
import type { Page } from "puppeteer-core";
import { Launched, type LaunchOptions } from "./launch.ts";
import { until } from "./until.ts";

/** Starts `ktcp play`. @returns it, and the address that it prints */
export async function startPlay(
  options: LaunchOptions = {},
): Promise<{ process: Launched; url: string }> {
  const process = new Launched(["play", "--port", "0"], {
    deadlineMs: 60_000,
    ...options,
  });
  const [, url] = await process.untilOut(/\n(http:\/\/\S+)\n/);
  return { process, url };
}

/** A page, and what a person does with it. */
export class OpenedPage {
  /** Console errors, exceptions, requests to others. */
  readonly faults: string[] = [];

  constructor(readonly page: Page, readonly url: string) {
    page.on("console", (message) => {
      if (message.type() === "error") this.faults.push(message.text());
    });
    page.on("pageerror", (error) => this.faults.push(String(error)));
    page.on("request", (request) => {
      if (!request.url().startsWith(new URL(url).origin)) this.faults.push(request.url());
    });
  }

  async open(hash = ""): Promise<void> {
    // A new place: only another hash would load nothing.
    await this.page.goto("about:blank");
    await this.page.goto(this.url + hash);
    await this.page.waitForSelector(".link-open");
  }

  /** Presses the first button with this text in `within`. */
  async press(text: string, within = "body"): Promise<void> {
    const button = await this.page.waitForSelector(`${within} ::-p-xpath(.//button[.="${text}"])`);
    await button!.click();
  }

  /** Types into the control of a label. */
  async type(label: string, value: string): Promise<void> {
    const input = await this.control(label);
    await input.click({ count: 3 });
    await input.type(value);
    await this.page.keyboard.press("Tab");
  }

  async choose(label: string, value: string): Promise<void> {
    await (await this.control(label)).select(value);
  }

  async control(label: string) {
    const name = `::-p-xpath(.//label[.="${label}"])`;
    const id = await this.page.$eval(name, (element) => (element as HTMLLabelElement).htmlFor);
    const found = await this.page.$(`[id="${id}"]`);
    assert.ok(found, label);
    return found;
  }

  text(selector: string): Promise<string> {
    return this.page.$eval(selector, (element) => (element as HTMLElement).innerText);
  }

  async untilText(selector: string, pattern: RegExp): Promise<void> {
    let seen = "";
    const isSeen = async () => {
      seen = await this.page.$(selector) === null ? "" : await this.text(selector);
      return pattern.test(seen);
    };
    await until(isSeen, () => `${pattern} in ${selector}; there is ${JSON.stringify(seen)}`);
  }

  hash(): Promise<string> {
    return this.page.evaluate(() => location.hash);
  }

  /** What axe has to say. */
  async violations(): Promise<string[]> {
    const { default: axe } = await import("axe-core");
    await this.page.evaluate(axe.source);
    return await this.page.evaluate(async () => {
      const { axe } = globalThis as unknown as { axe: { run(): Promise<AxeResult> } };
      const { violations } = await axe.run();
      return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
    });
  }
}

interface AxeResult {
  violations: { id: string; nodes: { html: string }[] }[];
}
