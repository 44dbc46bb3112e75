/** Traditional Chinese, with the words of `docs/zh-TW`. */
import type { en } from "./en.ts";
import { glass } from "./zh_tw/glass.ts";
import { page } from "./zh_tw/page.ts";
import { parser } from "./zh_tw/parser.ts";
import { views } from "./zh_tw/views.ts";

export const zhTw: Record<keyof typeof en, string> = { ...page, ...views, ...glass, ...parser };
