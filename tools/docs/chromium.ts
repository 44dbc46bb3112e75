/** Headless Chromium, where one is installed. */
import type { Browser } from "puppeteer-core";

/** Where Chromium is on the machines that need it. */
const CHROMIUM_PATHS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** The path of Chromium; null where there is none. */
export function findChromium(): string | null {
  for (const path of CHROMIUM_PATHS) {
    try {
      Deno.statSync(path);
      return path;
    } catch {
      continue;
    }
  }
  return null;
}

/** Starts Chromium, which the caller closes. */
export async function launchChromium(executablePath: string): Promise<Browser> {
  const { launch } = await import("puppeteer-core");
  return await launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
  });
}
