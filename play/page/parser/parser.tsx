/** The parser of the core, and others, over the same bytes. */
import { t } from "../i18n/mod.ts";

/** The parser bench. */
export function ParserBench() {
  return <h2>{t("parser.title")}</h2>;
}
