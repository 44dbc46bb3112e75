/** What the live view shows while nothing runs: where to begin. */
import { startAll } from "./control.ts";
import { language, t } from "./i18n/mod.ts";
import { showReplay } from "./runs/replay.ts";
import { runs } from "./runs/runs.ts";
import { titleOf } from "./runs/titles.ts";
import { openStory } from "./stories/panel.tsx";
import { STORIES } from "./stories/stories.ts";
import type { Lab } from "./stories/story.ts";

/** Stories for a start: one about the kernel, one about the server, one about the client. */
const FIRST_STORIES: readonly Lab[] = ["backlog", "models", "keepalive"];

/** Three ways to begin: a server with its load, a story, the last run. */
export function Welcome() {
  const last = runs.value[0];
  return (
    <div class="welcome card">
      <h2>{t("welcome.title")}</h2>
      <p>{t("welcome.about")}</p>
      <p class="row">
        <button type="button" class="primary" onClick={startAll}>{t("welcome.start")}</button>
        {last !== undefined && (
          <button
            type="button"
            onClick={() => showReplay({ run: last, isPlaying: true })}
          >
            {t("live.replay", { run: titleOf(last) })}
          </button>
        )}
      </p>
      <h3>{t("welcome.stories")}</h3>
      <ul class="plain">
        {FIRST_STORIES.map((lab) => (
          <li key={lab}>
            <button type="button" class="quiet" onClick={() => openStory(lab)}>
              {STORIES[lab].question[language.value]}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
