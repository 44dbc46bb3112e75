import type { parser as english } from "../en/parser.ts";

/** Texts of the parser bench. */
export const parser: Record<keyof typeof english, string> = { "parser.title": "解析器工作台" };
