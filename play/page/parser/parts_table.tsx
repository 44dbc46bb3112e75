/** How far the parser had looked after each part. */
import { type MessageKey, t } from "../i18n/mod.ts";
import type { PartReading } from "./core_reader.ts";

/** The most rows. */
const MOST_ROWS = 60;

/** A row for each part, with how much of the whole stream is consumed and looked at. */
export function PartsTable({ parts, length }: { parts: readonly PartReading[]; length: number }) {
  const shown = parts.slice(0, MOST_ROWS);
  const percent = (bytes: number) => `${length === 0 ? 0 : 100 * bytes / length}%`;
  return (
    <div class="parts scrolls" tabIndex={0} role="group" aria-label={t("parser.parts")}>
      <table>
        <caption>{t("parser.parts")}</caption>
        <thead>
          <tr>
            <th scope="col">{t("parser.part")}</th>
            <th scope="col" class="number">{t("parser.bytes")}</th>
            <th scope="col" class="number">{t("parser.consumed")}</th>
            <th scope="col" class="number">{t("parser.scanned")}</th>
            <th scope="col">{t("parser.state")}</th>
            <th scope="col">{t("parser.found")}</th>
          </tr>
        </thead>
        <tbody>
          {shown.map(({ from, to, consumed, scanned, state, events }, i) => (
            <tr key={from}>
              <th scope="row">
                {i + 1}
                <span class="gauge" aria-hidden="true">
                  <span class="came" style={{ width: percent(to) }} />
                  <span
                    class="scanned"
                    style={{ width: percent(scanned) }}
                  />
                  <span
                    class="consumed"
                    style={{ width: percent(consumed) }}
                  />
                </span>
              </th>
              <td class="number">{to - from}</td>
              <td class="number">{consumed}</td>
              <td class="number">{scanned}</td>
              <td>{t(`parser.state.${state}` as MessageKey)}</td>
              <td>{events.map((name) => t(`parser.found.${name}`)).join(", ") || "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {parts.length > MOST_ROWS && (
        <p class="hint">{t("parser.moreParts", { parts: parts.length - MOST_ROWS })}</p>
      )}
    </div>
  );
}
