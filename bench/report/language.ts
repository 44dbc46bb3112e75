/** The languages of pages and reports, and how the environment names one. Pure. */

/** The languages in which pages and reports exist, by their BCP 47 tags; the first is the default. */
export const LANGUAGES = ["en", "zh-TW"] as const;

/** A language of pages and reports. */
export type Language = typeof LANGUAGES[number];

/** Environment variables that choose the language of messages; the first that is set decides. */
const VARIABLES = ["LC_ALL", "LC_MESSAGES", "LANG"];

/**
 * The language that the environment's locale asks for; see locale(7).
 *
 * @param variable reads an environment variable; empty counts as not set
 * @returns `zh-TW` for `zh_TW` with any encoding or modifier, otherwise English
 */
export function languageOf(variable: (name: string) => string | undefined): Language {
  const locale = VARIABLES.map(variable).find((value) => value !== undefined && value !== "");
  return /^zh[_-]TW\b/i.test(locale ?? "") ? "zh-TW" : "en";
}
