/** The pages of the experiments, and the page of the course, in every language. */
import type { Language } from "../report/language.ts";

type Page = Promise<{ default: string }>;

/**
 * Where each page is. The paths are literals, so that the bundler includes the pages in the
 * executable; each is loaded only when it is shown.
 */
const PAGES: Readonly<Record<string, Record<Language, () => Page>>> = {
  backlog: {
    en: () => import("../../docs/labs/backlog.md", { with: { type: "text" } }),
    "zh-TW": () => import("../../docs/zh-TW/labs/backlog.md", { with: { type: "text" } }),
  },
  buffers: {
    en: () => import("../../docs/labs/buffers.md", { with: { type: "text" } }),
    "zh-TW": () => import("../../docs/zh-TW/labs/buffers.md", { with: { type: "text" } }),
  },
  cost: {
    en: () => import("../../docs/labs/cost.md", { with: { type: "text" } }),
    "zh-TW": () => import("../../docs/zh-TW/labs/cost.md", { with: { type: "text" } }),
  },
  course: {
    en: () => import("../../docs/course.md", { with: { type: "text" } }),
    "zh-TW": () => import("../../docs/zh-TW/course.md", { with: { type: "text" } }),
  },
  edge: {
    en: () => import("../../docs/labs/edge.md", { with: { type: "text" } }),
    "zh-TW": () => import("../../docs/zh-TW/labs/edge.md", { with: { type: "text" } }),
  },
  keepalive: {
    en: () => import("../../docs/labs/keepalive.md", { with: { type: "text" } }),
    "zh-TW": () => import("../../docs/zh-TW/labs/keepalive.md", { with: { type: "text" } }),
  },
  models: {
    en: () => import("../../docs/labs/models.md", { with: { type: "text" } }),
    "zh-TW": () => import("../../docs/zh-TW/labs/models.md", { with: { type: "text" } }),
  },
  multiplex: {
    en: () => import("../../docs/labs/multiplex.md", { with: { type: "text" } }),
    "zh-TW": () => import("../../docs/zh-TW/labs/multiplex.md", { with: { type: "text" } }),
  },
  nagle: {
    en: () => import("../../docs/labs/nagle.md", { with: { type: "text" } }),
    "zh-TW": () => import("../../docs/zh-TW/labs/nagle.md", { with: { type: "text" } }),
  },
  originals: {
    en: () => import("../../docs/labs/originals.md", { with: { type: "text" } }),
    "zh-TW": () => import("../../docs/zh-TW/labs/originals.md", { with: { type: "text" } }),
  },
  resets: {
    en: () => import("../../docs/labs/resets.md", { with: { type: "text" } }),
    "zh-TW": () => import("../../docs/zh-TW/labs/resets.md", { with: { type: "text" } }),
  },
  shutdown: {
    en: () => import("../../docs/labs/shutdown.md", { with: { type: "text" } }),
    "zh-TW": () => import("../../docs/zh-TW/labs/shutdown.md", { with: { type: "text" } }),
  },
  spawn: {
    en: () => import("../../docs/labs/spawn.md", { with: { type: "text" } }),
    "zh-TW": () => import("../../docs/zh-TW/labs/spawn.md", { with: { type: "text" } }),
  },
  timeouts: {
    en: () => import("../../docs/labs/timeouts.md", { with: { type: "text" } }),
    "zh-TW": () => import("../../docs/zh-TW/labs/timeouts.md", { with: { type: "text" } }),
  },
  unbound: {
    en: () => import("../../docs/labs/unbound.md", { with: { type: "text" } }),
    "zh-TW": () => import("../../docs/zh-TW/labs/unbound.md", { with: { type: "text" } }),
  },
  work: {
    en: () => import("../../docs/labs/work.md", { with: { type: "text" } }),
    "zh-TW": () => import("../../docs/zh-TW/labs/work.md", { with: { type: "text" } }),
  },
  workqueue: {
    en: () => import("../../docs/labs/workqueue.md", { with: { type: "text" } }),
    "zh-TW": () => import("../../docs/zh-TW/labs/workqueue.md", { with: { type: "text" } }),
  },
};

/** A section of a page under a heading of level 2. */
export interface PageSection {
  heading: string;
  markdown: string;
}

/** The names that have a page: the experiments, and `course`. */
export const PAGE_NAMES: readonly string[] = Object.keys(PAGES);

/** The page `name` as Markdown. @throws when there is none of this name */
export async function readPage(name: string, language: Language): Promise<string> {
  const page = PAGES[name];
  if (page === undefined) throw new Error(`There is no page about '${name}'`);
  return (await page[language]()).default;
}

/** The question of an experiment's page, as plain text: the paragraph in italics below its title. */
export function questionOf(page: string): string | null {
  return /^_(\S[^]*?)_$/m.exec(page)?.[1].replaceAll(/\s+/g, " ").replaceAll("`", "") ?? null;
}

/**
 * The sections of a page; headings in fenced code do not count. Text before the first one is left
 * out.
 */
export function sectionsOf(page: string): PageSection[] {
  const sections: PageSection[] = [];
  let isCode = false;
  for (const line of page.split("\n")) {
    if (line.startsWith("```")) isCode = !isCode;
    const heading = isCode ? null : /^## (.+)$/.exec(line);
    if (heading) sections.push({ heading: heading[1], markdown: "" });
    else if (sections.length > 0) sections.at(-1)!.markdown += `${line}\n`;
  }
  return sections;
}
