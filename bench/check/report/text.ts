/** The result as text, for terminals of any width. */
import { fittingTable, wrap } from "../../report/text_layout.ts";
import { GROUPS, type Judged, LEVELS, VERDICTS } from "../case.ts";
import { type FoundCause, foundCauses } from "../causes.ts";
import { type CheckResult, countVerdicts } from "../result.ts";

/** Most case ids listed below a cause; of more, only the number is given. */
const MOST_NAMED = 5;

/** The width of the labels before the bytes sent and received. */
const LABEL = 10;

/** The text of `result`, at most `width` columns wide; `isVerbose` shows every case that did not pass. */
export function checkText(result: CheckResult, width: number, isVerbose = false): string {
  const { judged } = result;
  const causes = foundCauses(judged);
  return [
    groupTable(judged, width),
    ...(isVerbose
      ? judged.filter(({ verdict }) => verdict !== "pass").map((one) => caseText(one, width))
      : []),
    ...unclearText(judged, width, isVerbose),
    ...causes.map((cause, i) => causeText(cause, i + 1, width)),
    summary(result, width),
  ].join("\n\n");
}

function groupTable(judged: readonly Judged[], width: number): string {
  const groups = GROUPS.filter((group) => judged.some((one) => one.group === group));
  const rows = groups.map((group) => {
    const counts = countVerdicts(judged.filter((one) => one.group === group));
    return [group, ...VERDICTS.map((verdict) => String(counts[verdict]))];
  });
  return fittingTable([["group", ...VERDICTS], ...rows], width);
}

/** One cause, with the case that shows it best: the first one of the most serious level. */
function causeText(cause: FoundCause, number: number, width: number): string {
  const { title, advice, level, cases } = cause;
  const shown = cases.find((one) => one.level === level)!;
  const many = cases.length === 1 ? "" : `, ${cases.length} cases`;
  const lines = [
    wrap(`${title} (${level}${many})`, {
      width,
      margin: "",
      bullet: `${number}. `,
      breaksWords: true,
    }),
    ...details(shown, width),
  ];
  if (advice !== "") lines.push(labelled("look at", advice, width));
  const ids = cases.slice(0, MOST_NAMED).map(({ id }) => id);
  const more = cases.length > MOST_NAMED ? [`and ${cases.length - MOST_NAMED} more`] : [];
  lines.push(labelled("cases", [...ids, ...more].join(" "), width));
  return lines.join("\n");
}

/** One case that did not pass. */
function caseText(one: Judged, width: number): string {
  const heading = wrap(`${one.verdict}: ${one.id} (${one.level})`, {
    width,
    margin: "",
    breaksWords: true,
  });
  return [heading, ...details(one, width)].join("\n");
}

function details(one: Judged, width: number): string[] {
  const { title, why, reference, sent, received, expected } = one;
  const rows: [string, string | undefined][] = [
    ["case", title],
    ["sent", sent],
    ["received", received === "" ? "nothing" : received],
    ["expected", expected],
    ["why", why],
    ["see", reference],
  ];
  return rows.flatMap(([name, text]) => text === undefined ? [] : [labelled(name, text, width)]);
}

function labelled(name: string, text: string, width: number): string {
  return wrap(text, { width, margin: "   ", bullet: name.padEnd(LABEL), breaksWords: true });
}

/** Why cases have no verdict, each reason once. */
function unclearText(judged: readonly Judged[], width: number, isVerbose: boolean): string[] {
  if (isVerbose) return [];
  const reasons = new Map<string, Judged[]>();
  for (const one of judged) {
    if (one.verdict !== "unclear" && one.verdict !== "skipped") continue;
    const reason = `${one.verdict}: ${one.why}`;
    reasons.set(reason, [...(reasons.get(reason) ?? []), one]);
  }
  return reasons.size === 0 ? [] : [
    [...reasons].map(([reason, cases]) => {
      const more = cases.length > 1 ? ` and ${cases.length - 1} more` : "";
      return wrap(`${reason} (${cases[0].id}${more})`, {
        width,
        margin: "",
        bullet: "- ",
        breaksWords: true,
      });
    }).join("\n"),
  ];
}

function summary({ judged, seconds }: CheckResult, width: number): string {
  const counts = countVerdicts(judged);
  const ran = judged.length - counts.skipped;
  const failed = LEVELS.flatMap((level) => {
    const count = judged.filter((one) => one.level === level && one.verdict === "fail").length;
    const plural = level === "hardening" ? "hardening" : `${level}${count === 1 ? "" : "s"}`;
    return count === 0 ? [] : [`${count} ${plural}`];
  });
  const verdict = failed.length === 0 ? "none failed" : `failed: ${failed.join(", ")}`;
  const text = `${counts.pass} of ${ran} cases passed in ${seconds.toFixed(1)} s; ${verdict}.`;
  return wrap(text, { width, margin: "" });
}
