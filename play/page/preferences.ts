/** What the reader chose, remembered in the browser: language and colours. */
import { effect, type Signal, signal } from "@preact/signals";
import { type Language, language, LANGUAGES } from "./i18n/mod.ts";
import { news } from "./notices.ts";
import { isSystemDark } from "./store.ts";

/** Colour themes: that of the system, or always the same one. */
export const THEMES = ["system", "light", "dark"] as const;

export type Theme = (typeof THEMES)[number];

/** The theme that the reader chose. */
export const theme: Signal<Theme> = signal("system");

const LANGUAGE_KEY = "ktcp-play-language";
const THEME_KEY = "ktcp-play-theme";

/** What the browser remembers under `key`; null if it remembers nothing, or may not. */
function remembered<T extends string>(key: string, choices: readonly T[]): T | null {
  try {
    const value = localStorage.getItem(key) as T;
    return choices.includes(value) ? value : null;
  } catch {
    return null;
  }
}

function remember(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Without storage, the choice is kept until the page is closed.
  }
}

/** The page's language for a reader who prefers the languages `wanted`, the best first. */
export function languageFor(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    if (/^zh\b/i.test(tag)) return "zh-TW";
    if (/^en\b/i.test(tag)) return "en";
  }
  return "en";
}

/** Reads what is remembered; from now on, what is chosen is remembered and shown. */
export function keepPreferences(): void {
  language.value = remembered(LANGUAGE_KEY, LANGUAGES) ?? languageFor(navigator.languages);
  theme.value = remembered(THEME_KEY, THEMES) ?? "system";
  effect(() => {
    document.documentElement.lang = language.value;
  });
  effect(() => {
    const isDark = theme.value === "dark" || (theme.value === "system" && isSystemDark.value);
    document.documentElement.dataset.theme = isDark ? "dark" : "light";
  });
}

/** Chooses a language. */
export function chooseLanguage(chosen: Language): void {
  language.value = chosen;
  // The old line is in the other language.
  news.value = "";
  remember(LANGUAGE_KEY, chosen);
}

/** Chooses colours. */
export function chooseTheme(chosen: Theme): void {
  theme.value = chosen;
  remember(THEME_KEY, chosen);
}
