/** The runs that the page holds: replayed, saved, compared. */
import { type Signal, signal } from "@preact/signals";
import { t } from "../i18n/mod.ts";
import { setup } from "../store.ts";
import { Comparison } from "./comparison.tsx";
import { openRuns, saveReport, saveRun } from "./files.ts";
import { replay, showReplay } from "./replay.ts";
import { dropRun, isRecording, type Run, runs } from "./runs.ts";
import { loadedServers, serverText, titleOf } from "./titles.ts";

/** Runs that are compared, by id. */
const compared: Signal<ReadonlySet<number>> = signal(new Set());

function toggleCompared(id: number): void {
  const next = new Set(compared.value);
  if (!next.delete(id)) next.add(id);
  compared.value = next;
}

/** The runs. `onReplay` is called when one is replayed. */
export function RunsPanel({ onReplay }: { onReplay: () => void }) {
  const chosen = runs.value.filter(({ id }) => compared.value.has(id)).reverse();
  return (
    <div class="runs">
      <h2>{t("runs.title")}</h2>
      <p class="muted">{t("runs.about")}</p>
      {isRecording.value && <p class="recording">{t("runs.recording")}</p>}
      {runs.value.length === 0 && <p class="empty">{t("runs.none")}</p>}
      <ul class="plain">
        {runs.value.map((run) => <RunRow key={run.id} run={run} onReplay={onReplay} />)}
      </ul>
      <p class="row">
        <label class="file">
          {t("runs.open")}{" "}
          <input
            type="file"
            accept=".json,application/json"
            multiple
            onChange={async ({ currentTarget }) => {
              await openRuns(currentTarget.files ?? []);
              currentTarget.value = "";
            }}
          />
        </label>
      </p>
      {chosen.length > 0 && <Comparison runs={chosen} />}
    </div>
  );
}

function RunRow({ run, onReplay }: { run: Run; onReplay: () => void }) {
  const { frames, setup: held } = run.recording;
  const seconds = (frames[frames.length - 1].atMs - frames[0].atMs) / 1000;
  const title = titleOf(run);
  const titleId = `run-${run.id}`;
  return (
    <li class="card run" aria-labelledby={titleId}>
      <header>
        <h3 id={titleId}>{title}</h3>
        <span class="muted">
          {t("run.length", { seconds: seconds.toFixed(1) })}
          {run.stride > 1 && ` · ${t("run.thinned", { stride: run.stride })}`}
        </span>
      </header>
      <ul class="plain muted">
        {loadedServers(run).map(({ id, letter, setup }) => (
          <li key={id}>{letter}: {serverText(setup)}</li>
        ))}
      </ul>
      <div class="row">
        <label>
          <input
            type="checkbox"
            checked={compared.value.has(run.id)}
            onChange={() => toggleCompared(run.id)}
          />{" "}
          {t("run.compare")}
        </label>
        <button
          type="button"
          onClick={() => {
            showReplay({ run, isPlaying: true });
            onReplay();
          }}
        >
          {t("run.replay")}
        </button>
        <button type="button" onClick={() => saveRun(run)}>{t("run.save")}</button>
        <button type="button" onClick={() => saveReport(run)}>{t("run.report")}</button>
        <button type="button" onClick={() => setup.value = held}>{t("run.setup")}</button>
        <button
          type="button"
          class="quiet"
          onClick={() => {
            if (replay.value?.run.id === run.id) showReplay(null);
            dropRun(run.id);
          }}
        >
          {t("run.remove")}
        </button>
      </div>
    </li>
  );
}
