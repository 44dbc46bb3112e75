/** The head of the page: title, machine, language and theme. */
import { type Language, language, LANGUAGES, t } from "../i18n/mod.ts";
import { chooseLanguage, chooseTheme, type Theme, theme, THEMES } from "../preferences.ts";
import { link, machine } from "../store.ts";
import { News } from "./notices.tsx";

const LANGUAGE_NAMES: Record<Language, string> = { en: "English", "zh-TW": "繁體中文" };

/** The head. */
export function Header() {
  const host = machine.value;
  return (
    <header class="head">
      <h1>{t("app.title")}</h1>
      <p class="machine">
        {host && t("app.machine", {
          version: host.version,
          kernel: `${host.os} ${host.kernel}`,
          cpus: host.cpus,
        })}
      </p>
      <News />
      <p class={`link link-${link.value}`}>{t(`link.${link.value}`)}</p>
      <div class="choices">
        <span class="row">
          <label for="language">{t("app.language")}</label>
          <select
            id="language"
            value={language.value}
            onChange={({ currentTarget }) => chooseLanguage(currentTarget.value as Language)}
          >
            {LANGUAGES.map((tag) => (
              <option key={tag} value={tag} lang={tag}>{LANGUAGE_NAMES[tag]}</option>
            ))}
          </select>
        </span>
        <span class="row">
          <label for="theme">{t("app.theme")}</label>
          <select
            id="theme"
            value={theme.value}
            onChange={({ currentTarget }) => chooseTheme(currentTarget.value as Theme)}
          >
            {THEMES.map((name) => <option key={name} value={name}>{t(`theme.${name}`)}</option>)}
          </select>
        </span>
      </div>
    </header>
  );
}
