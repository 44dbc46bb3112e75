/** Play, pause, position and speed of a replayed run. */
import { t } from "../i18n/mod.ts";
import { replay, showReplay, SPEEDS } from "./replay.ts";
import { titleOf } from "./titles.ts";

/** The bar; nothing where no run is replayed. */
export function ReplayBar() {
  const now = replay.value;
  if (now === null) return null;
  const { frames } = now.run.recording;
  const seconds = (index: number) => ((frames[index].atMs - frames[0].atMs) / 1000).toFixed(1);
  const place = t("replay.place", {
    at: seconds(now.at),
    of: seconds(frames.length - 1),
  });
  return (
    <section class="card replay" aria-labelledby="replay-title">
      <h2 id="replay-title">{t("replay.title", { run: titleOf(now.run) })}</h2>
      <div class="row">
        <button
          type="button"
          class="primary"
          onClick={() => showReplay({ isPlaying: !now.isPlaying })}
        >
          {now.isPlaying ? t("replay.pause") : t("replay.play")}
        </button>
        <label class="grow">
          <span class="hidden">{t("replay.position")}</span>
          <input
            type="range"
            min={0}
            max={frames.length - 1}
            value={now.at}
            aria-valuetext={place}
            onInput={({ currentTarget }) =>
              showReplay({ at: Number(currentTarget.value), isPlaying: false })}
          />
        </label>
        <span class="figure">{place}</span>
        <label>
          {t("replay.speed")}{" "}
          <select
            value={now.speed}
            onChange={({ currentTarget }) =>
              showReplay({ speed: SPEEDS.find((speed) => String(speed) === currentTarget.value) })}
          >
            {SPEEDS.map((speed) => <option key={speed} value={speed}>{speed}×</option>)}
          </select>
        </label>
        <button type="button" onClick={() => showReplay(null)}>{t("replay.end")}</button>
      </div>
    </section>
  );
}
