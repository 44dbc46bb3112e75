/** The same bytes on every engine, side by side: the events, and the calls that they took. */
import type { GlassTrace } from "../../protocol.ts";
import { t } from "../i18n/mod.ts";
import {
  alignChapters,
  type AlignedRow,
  type Chapter,
  chapterAt,
  chaptersOf,
  countCalls,
  shortSteps,
} from "./moments.ts";
import { cursor, focus, focusOn } from "./run.ts";

/** A column for each engine, a row for each arrival of bytes. */
export function Comparison({ traces }: { traces: readonly GlassTrace[] }) {
  const chapters = traces.map(({ steps }) => chaptersOf(steps));
  const shown = chapters[focus.value];
  const current = shown[chapterAt(shown, cursor.value)];
  return (
    <section class="engine-table" aria-label={t("glass.comparison")}>
      <h3>{t("glass.comparison")}</h3>
      <div class="scrolls" tabIndex={0} role="group" aria-label={t("glass.comparison")}>
        <table>
          <thead>
            <tr>
              <td />
              {traces.map(({ setup: { engine } }, i) => (
                <th key={engine} scope="col">
                  <button
                    type="button"
                    aria-pressed={i === focus.value}
                    onClick={() => focusOn(i)}
                  >
                    {engine}
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody class="totals">
            <tr>
              <th scope="row">{t("glass.calls")}</th>
              {traces.map((trace) => <Total key={trace.setup.engine} trace={trace} />)}
            </tr>
          </tbody>
          <tbody>
            {alignChapters(chapters).map((row, at) => (
              <tr key={at} class={row.chapters[focus.value] === current ? "is-current" : ""}>
                <th scope="row">{titleOf(row)}</th>
                {traces.map((trace, i) => (
                  <Cell key={trace.setup.engine} trace={trace} chapter={row.chapters[i]} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="hint">{t("glass.tick")}</p>
    </section>
  );
}

function titleOf({ bytes }: AlignedRow): string {
  if (bytes === null) return t("glass.accepted");
  return bytes === 0 ? t("glass.fin") : t("glass.arrived", { bytes });
}

function Cell({ trace, chapter }: { trace: GlassTrace; chapter: Chapter | undefined }) {
  if (chapter === undefined) return <td>–</td>;
  const steps = trace.steps.slice(chapter.from, chapter.to);
  return (
    <td>
      <p class="told">{shortSteps(steps, ["event"]).join(" · ")}</p>
      <p class="called">{shortSteps(steps, ["call"]).join(" · ") || "–"}</p>
    </td>
  );
}

function Total({ trace: { setup, steps, failure, isCut } }: { trace: GlassTrace }) {
  if (failure !== undefined) return <td class="fault">{failure}</td>;
  if (setup.engine === "deno") return <td class="hint">{t("glass.unseen")}</td>;
  const counts = [...countCalls(steps)].sort(([, a], [, b]) => b - a);
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  return (
    <td>
      <strong>{total}</strong>
      <p class="called">{counts.map(([name, count]) => `${name} ${count}`).join(" · ")}</p>
      {isCut && <p class="hint">{t("glass.cut")}</p>}
    </td>
  );
}
