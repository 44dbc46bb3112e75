/** Looks at an HTML report as a browser, a validator and a screen reader would. */
import { pathToFileURL } from "node:url";
import type { Browser } from "puppeteer-core";

export { findChromium, launchChromium } from "../../tools/docs/chromium.ts";

/** Size and colours of a page. */
export interface View {
  width: number;
  height: number;
  scheme: "light" | "dark";
}

/** What a browser saw. */
export interface PageFindings {
  /** Messages of kind error, failed requests, exceptions. */
  errors: string[];
  /** Requests to anything but the file itself. */
  requests: string[];
  /** Violations that axe found: rule, help, first element. */
  violations: string[];
  /** How far the page is wider than the window, in pixels. */
  overflowPx: number;
  /** Drawings that are visible, and the smallest size of their text in pixels on screen. */
  visibleSvgs: number;
  smallestTextPx: number;
  /** Colour of the page as CSS has it. */
  background: string;
  headings: string[];
}

/** What html-validate says of `html`, with its recommended and accessibility rules. */
export async function validateHtml(html: string): Promise<string[]> {
  const { HtmlValidate, StaticConfigLoader } = await import("html-validate");
  const loader = new StaticConfigLoader({
    extends: ["html-validate:recommended", "html-validate:a11y"],
    rules: {
      // How the source is laid out is nobody's concern in a file that a program wrote.
      "long-title": "off",
      "no-trailing-whitespace": "off",
    },
  });
  const report = await new HtmlValidate(loader).validateString(html);
  return report.results.flatMap(({ messages }) =>
    messages.map(({ line, column, ruleId, message }) => `${line}:${column} ${ruleId}: ${message}`)
  );
}

/** Opens the report at `path` in a page; a picture of it goes to `screenshot`. */
export async function inspectPage(
  browser: Browser,
  { path, view, screenshot }: { path: string; view: View; screenshot?: string },
): Promise<PageFindings> {
  const { default: axe } = await import("axe-core");
  const page = await browser.newPage();
  try {
    const errors: string[] = [];
    const requests: string[] = [];
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("request", (request) => {
      if (/^https?:/.test(request.url())) requests.push(request.url());
    });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: view.scheme }]);
    await page.setViewport({ width: view.width, height: view.height });
    await page.goto(pathToFileURL(path).href, { waitUntil: "load" });
    await page.evaluate(axe.source);
    const violations = await page.evaluate(async () => {
      const { axe } = globalThis as unknown as { axe: { run(): Promise<AxeResult> } };
      const result = await axe.run();
      return result.violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes[0].html}`);
    });
    const seen = await page.evaluate(measurePage);
    if (screenshot !== undefined) {
      await page.screenshot({ path: screenshot as `${string}.png`, fullPage: true });
    }
    return { errors, requests, violations, ...seen };
  } finally {
    await page.close();
  }
}

interface AxeResult {
  violations: { id: string; help: string; nodes: { html: string }[] }[];
}

/** Runs in the page, where there is a DOM that this program's types do not know. */
function measurePage() {
  // deno-lint-ignore no-explicit-any
  const { document, innerWidth, getComputedStyle } = globalThis as any;
  const svgs = [...document.querySelectorAll("svg")].filter((svg) =>
    svg.getBoundingClientRect().width > 0
  );
  const sizes = svgs.flatMap((svg) => {
    const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
    return [...svg.querySelectorAll("text")].map((text) =>
      parseFloat(getComputedStyle(text).fontSize) * scale
    );
  });
  return {
    overflowPx: document.documentElement.scrollWidth - innerWidth,
    visibleSvgs: svgs.length,
    smallestTextPx: Math.min(...sizes),
    background: getComputedStyle(document.body).backgroundColor as string,
    headings: [...document.querySelectorAll("h2")].map((h2) => h2.textContent as string),
  };
}
