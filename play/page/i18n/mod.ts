/** The page's words, in the reader's language. */
import { type Signal, signal } from "@preact/signals";
import { en } from "./en.ts";
import { zhTw } from "./zh_tw.ts";

/** Languages as `lang` attributes name them. */
export const LANGUAGES = ["en", "zh-TW"] as const;

export type Language = (typeof LANGUAGES)[number];

/** Names a text of the page. */
export type MessageKey = keyof typeof en;

const MESSAGES: Record<Language, Record<MessageKey, string>> = { en, "zh-TW": zhTw };

/** The language that is shown. */
export const language: Signal<Language> = signal("en");

/** What stands for `{name}` in a text. */
export type Values = Record<string, string | number>;

/** Puts `values` into `text`. */
export function fill(text: string, values: Values = {}): string {
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** The text of `key` in the language that is shown; a component that calls it follows the switch. */
export function t(key: MessageKey, values?: Values): string {
  return fill(MESSAGES[language.value][key], values);
}
