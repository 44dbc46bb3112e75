/** The result as one HTML page that needs no network and no script. */
// @ts-types="@types/escape-html"
import escapeHtml from "escape-html";
import { reportStyle } from "../../report/html_style.ts";
import { GROUPS, type Judged, VERDICTS } from "../case.ts";
import { type FoundCause, foundCauses } from "../causes.ts";
import { checkDocument, type CheckResult, countVerdicts, holds } from "../result.ts";

const STYLE = `
pre { margin: 0; width: auto; white-space: pre-wrap; overflow-wrap: anywhere; font-size: 0.9rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.25rem 1rem; margin: 0.5rem 0; }
dt { color: var(--muted); }
dd { margin: 0; min-width: 0; }
.fail { color: var(--series-1); font-weight: 600; }
.pass { color: var(--series-2); }
summary { cursor: pointer; padding: 0.25rem 0; overflow-wrap: anywhere; }
h2 + .question { margin-top: 0; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: 0.5rem; } }
`.trim();

/** The report of `result` as a whole document. `version` is ktcp's. */
export function checkReport(result: CheckResult, version: string): string {
  const { kind, target, date, seconds, judged } = result;
  const counts = countVerdicts(judged);
  const causes = foundCauses(judged);
  const others = judged.filter(({ verdict }) => verdict === "unclear" || verdict === "skipped");
  const verdict = holds(judged)
    ? `<span class="pass">Every must that was judged holds.</span>`
    : `<span class="fail">At least one must fails.</span>`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>ktcp check ${escapeHtml(`${kind} ${target}`)}</title>
<link rel="icon" href="data:,">
<style>
${reportStyle()}
${STYLE}
</style>
</head>
<body>
<header>
<h1>ktcp check ${kind}</h1>
<p class="question">${escapeHtml(target)}</p>
<p>${verdict} ${counts.pass} of ${judged.length} cases passed, ${counts.fail} failed, ${counts.unclear}
unclear, ${counts.skipped} skipped.</p>
<p class="small">ktcp ${escapeHtml(version)}, <time datetime="${date}">${
    escapeHtml(date.replace("T", " ").replace(/\.\d+Z$/, " UTC"))
  }</time>, ${seconds.toFixed(1)} s.</p>
</header>
<main>
<section aria-labelledby="groups">
<h2 id="groups">Groups</h2>
${groupTable(judged)}
</section>
${causes.length === 0 ? "" : causeSection(causes)}
${others.length === 0 ? "" : otherSection(others)}
<section aria-labelledby="all">
<h2 id="all">All cases</h2>
${GROUPS.map((group) => groupDetails(group, judged)).join("\n")}
</section>
</main>
<script type="application/json" id="data">${
    JSON.stringify(checkDocument(result, version)).replaceAll("<", "\\u003c")
  }</script>
</body>
</html>
`;
}

function groupTable(judged: readonly Judged[]): string {
  const rows = GROUPS.flatMap((group) => {
    const own = judged.filter((one) => one.group === group);
    if (own.length === 0) return [];
    const counts = countVerdicts(own);
    const cells = VERDICTS.map((verdict) =>
      `<td${verdict === "fail" && counts.fail > 0 ? ' class="fail"' : ""}>${counts[verdict]}</td>`
    );
    return [`<tr><th scope="row">${group}</th>${cells.join("")}</tr>`];
  });
  return `<div class="scroll" tabindex="0" role="group" aria-label="Table: verdicts of the groups">
<table>
<thead><tr><th scope="col">group</th>${
    VERDICTS.map((verdict) => `<th scope="col">${verdict}</th>`).join("")
  }</tr></thead>
<tbody>
${rows.join("\n")}
</tbody>
</table>
</div>`;
}

function causeSection(causes: readonly FoundCause[]): string {
  const items = causes.map(({ title, advice, level, cases }) => {
    const shown = cases.find((one) => one.level === level)!;
    const many = cases.length === 1 ? "1 case" : `${cases.length} cases`;
    return `<li>
<h3>${escapeHtml(title)} <span class="small">${level}, ${many}</span></h3>
${advice === "" ? "" : `<p class="conclusion">${escapeHtml(advice)}</p>`}
${caseDetails(shown)}
${
      cases.length === 1 ? "" : `<details>
<summary>All ${many}</summary>
<ul>
${cases.map(({ id, why }) => `<li>${escapeHtml(`${id}: ${why}`)}</li>`).join("\n")}
</ul>
</details>`
    }
</li>`;
  });
  return `<section aria-labelledby="causes">
<h2 id="causes">Likely causes</h2>
<p class="question">The first one explains most.</p>
<ol>
${items.join("\n")}
</ol>
</section>`;
}

function caseDetails(one: Judged): string {
  const rows: [string, string | undefined, boolean][] = [
    ["case", `${one.id}: ${one.title}`, false],
    ["sent", one.sent, true],
    ["received", one.received === "" ? "nothing" : one.received, true],
    ["expected", one.expected, false],
    ["why", one.why, false],
    ["see", one.reference, false],
  ];
  const items = rows.flatMap(([name, text, isBytes]) => {
    if (text === undefined) return [];
    const shown = isBytes ? `<pre>${escapeHtml(text)}</pre>` : escapeHtml(text);
    return [`<dt>${name}</dt><dd>${shown}</dd>`];
  });
  return `<dl>\n${items.join("\n")}\n</dl>`;
}

function otherSection(others: readonly Judged[]): string {
  const items = others.map(({ id, verdict, why }) =>
    `<li>${verdict}: ${escapeHtml(`${id}: ${why}`)}</li>`
  );
  return `<section aria-labelledby="others">
<h2 id="others">Without a verdict</h2>
<ul>
${items.join("\n")}
</ul>
</section>`;
}

function groupDetails(group: string, judged: readonly Judged[]): string {
  const own = judged.filter((one) => one.group === group);
  if (own.length === 0) return "";
  const items = own.map(({ id, verdict, level, title }) =>
    `<li><span class="${verdict === "fail" ? "fail" : "pass"}">${verdict}</span> ` +
    `${escapeHtml(`${id} (${level}): ${title}`)}</li>`
  );
  return `<details>
<summary>${group}: ${own.length} cases</summary>
<ul>
${items.join("\n")}
</ul>
</details>`;
}
