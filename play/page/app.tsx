/** The whole page. */
import { type Signal, signal } from "@preact/signals";
import { t } from "./i18n/mod.ts";
import { Glass } from "./glass/glass.tsx";
import { ParserBench } from "./parser/parser.tsx";
import { frames, latest, selected } from "./store.ts";
import { Overview } from "./views/overview.tsx";

const TABS = ["live", "glass", "parser", "runs"] as const;

const tab: Signal<(typeof TABS)[number]> = signal("live");

function Live() {
  const servers = latest.value?.servers ?? [];
  const server = servers.find(({ id }) => id === selected.value) ?? servers[0];
  return server === undefined ? null : <Overview server={server} frames={frames.value} />;
}

/** The page: its tabs, and the one that is open. */
export function App() {
  return (
    <main>
      <h1>{t("app.title")}</h1>
      <nav>
        {TABS.map((name) => (
          <button type="button" key={name} onClick={() => tab.value = name}>
            {t(`tab.${name}`)}
          </button>
        ))}
      </nav>
      {tab.value === "live" && <Live />}
      {tab.value === "glass" && <Glass />}
      {tab.value === "parser" && <ParserBench />}
    </main>
  );
}
