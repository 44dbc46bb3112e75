import type { page as english } from "../en/page.ts";

/** Texts of the page's frame, set-up, stories and runs. */
export const page: Record<keyof typeof english, string> = {
  "app.title": "ktcp play",
  "tab.live": "即時",
  "tab.glass": "慢動作",
  "tab.parser": "解析器工作台",
  "tab.runs": "執行紀錄",
};
