/** One connection under the glass. */
import { t } from "../i18n/mod.ts";

/** Slow motion: the steps of a connection. */
export function Glass() {
  return <h2>{t("glass.title")}</h2>;
}
