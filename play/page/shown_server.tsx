/** Which server the live view shows in detail, and a way to the others. */
import type { ServerView } from "../protocol.ts";
import { t } from "./i18n/mod.ts";
import { colourOf, letterOf } from "./names.ts";
import { serverText } from "./runs/titles.ts";
import { selected } from "./store.ts";

/** The name of `server`, and a button for each of `all`, where there are several. */
export function ShownServer({ server, all }: { server: ServerView; all: readonly ServerView[] }) {
  return (
    <header class="shown-server">
      <h2 class={`series-${colourOf(server.id)}`}>
        <span class="letter" aria-hidden="true">{letterOf(server.id)}</span>
        {t("server.title", { letter: letterOf(server.id) })}
        <small>{serverText(server.setup)}</small>
      </h2>
      {all.length > 1 && (
        <div class="row" role="group" aria-label={t("server.shown")}>
          <span class="note" aria-hidden="true">{t("server.shown")}</span>
          {all.map(({ id }) => (
            <button
              type="button"
              key={id}
              aria-label={t("server.title", { letter: letterOf(id) })}
              aria-pressed={id === server.id}
              onClick={() => selected.value = id}
            >
              {letterOf(id)}
            </button>
          ))}
        </div>
      )}
    </header>
  );
}
