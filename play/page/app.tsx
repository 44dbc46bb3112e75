/** The whole page. */
import { signal } from "@preact/signals";
import { Glass } from "./glass/glass.tsx";
import { t } from "./i18n/mod.ts";
import { ParserBench } from "./parser/parser.tsx";
import { ReplayBar } from "./runs/replay_bar.tsx";
import { RunsPanel } from "./runs/runs_panel.tsx";
import { SetupPanel } from "./setup/panel.tsx";
import { Fold } from "./shell/fold.tsx";
import { Header } from "./shell/header.tsx";
import { Complaints } from "./shell/notices.tsx";
import { Tabs } from "./shell/tabs.tsx";
import { ShownServer } from "./shown_server.tsx";
import { frames, latest, replayed, selected, tab, TABS } from "./store.ts";
import { StoryPanel } from "./stories/panel.tsx";
import { Comparison } from "./views/comparison.tsx";
import { Overview } from "./views/overview.tsx";
import { Welcome } from "./welcome.tsx";

/** Whether the set-up is unfolded where there is no room for it beside the rest. */
const isSetupOpen = signal(false);

function Live() {
  const servers = latest.value?.servers ?? [];
  const shown = replayed.value === null
    ? servers.filter(({ state }) => state !== "ended")
    : servers;
  const server = shown.find(({ id }) => id === selected.value) ?? shown[0];
  return (
    <>
      <ReplayBar />
      {server === undefined ? <Welcome /> : (
        <>
          <Comparison frames={frames.value} />
          <ShownServer server={server} all={shown} />
          <Overview server={server} frames={frames.value} />
        </>
      )}
    </>
  );
}

/** The page: set-up, views, and the story. */
export function App() {
  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          // The address holds the set-up: only the focus moves.
          event.preventDefault();
          document.getElementById("main")?.focus();
        }}
      >
        {t("app.skip")}
      </a>
      <Header />
      <Complaints />
      <div class="columns">
        <aside class="left" aria-labelledby="setup-title">
          <h2 id="setup-title">
            <Fold isOpen={isSetupOpen} controls="setup-body" title={t("setup.title")} />
            <span class="unfolded">{t("setup.title")}</span>
          </h2>
          <div id="setup-body" class={`foldable${isSetupOpen.value ? " is-open" : ""}`}>
            <SetupPanel />
          </div>
        </aside>
        <aside class="right" aria-labelledby="story-title">
          <StoryPanel />
        </aside>
        <main id="main" tabIndex={-1}>
          <Tabs
            label={t("app.tabs")}
            tabs={TABS.map((name) => ({ name, title: t(`tab.${name}`) }))}
            chosen={tab.value}
            onChoose={(name) => tab.value = name}
          >
            {tab.value === "live" && <Live />}
            {tab.value === "glass" && <Glass />}
            {tab.value === "parser" && <ParserBench />}
            {tab.value === "runs" && <RunsPanel onReplay={() => tab.value = "live"} />}
          </Tabs>
        </main>
      </div>
    </>
  );
}
