/** English: the texts of each part of the page. */
import { glass } from "./en/glass.ts";
import { page } from "./en/page.ts";
import { parser } from "./en/parser.ts";
import { views } from "./en/views.ts";

export const en = { ...page, ...views, ...glass, ...parser };
