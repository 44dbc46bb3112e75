/** The result as JUnit XML, for CI systems: a test suite for each group. */
import { GROUPS, type Judged } from "../case.ts";
import { CAUSES } from "../causes.ts";
import { type CheckResult, countVerdicts } from "../result.ts";

/** The document of `result`. */
export function checkJunit({ kind, target, date, seconds, judged }: CheckResult): string {
  const groups = GROUPS.filter((group) => judged.some((one) => one.group === group));
  const suites = groups.map((group, i) => {
    const own = judged.filter((one) => one.group === group);
    const name = `ktcp check ${kind}: ${group}`;
    // Cases run concurrently, so only the whole run has a duration, which is given to the first
    // suite.
    const time = i === 0 ? seconds : 0;
    return `<testsuite${attributes({ name, ...totals(own), time: time.toFixed(3) })} ` +
      `timestamp="${date.slice(0, 19)}" hostname="${escapeXml(target)}">\n` +
      `${own.map((one) => testCase(one, kind)).join("\n")}\n</testsuite>`;
  });
  // The schemas in use do not allow a number of skipped cases here.
  const { skipped: _skipped, ...counted } = totals(judged);
  const all = { name: `ktcp check ${kind} ${target}`, ...counted, time: seconds.toFixed(3) };
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites${attributes(all)}>\n` +
    `${suites.join("\n")}\n</testsuites>\n`;
}

function totals(judged: readonly Judged[]) {
  const counts = countVerdicts(judged);
  return {
    tests: judged.length,
    failures: counts.fail,
    errors: 0,
    skipped: counts.skipped + counts.unclear,
  };
}

function testCase(one: Judged, kind: string): string {
  const open = `<testcase${
    attributes({
      name: one.id,
      classname: `ktcp.check.${kind}.${one.group}`,
      time: "0",
    })
  }`;
  if (one.verdict === "pass") return `${open}/>`;
  if (one.verdict !== "fail") {
    return `${open}><skipped message="${escapeXml(`${one.verdict}: ${one.why}`)}"/></testcase>`;
  }
  const advice = CAUSES.find(({ id }) => id === one.cause)?.advice;
  const lines = [
    one.title,
    ["sent", one.sent],
    ["received", one.received],
    ["expected", one.expected],
    ["see", one.reference],
    ["look at", advice],
  ].flatMap((line) =>
    typeof line === "string" ? [line] : line[1] === undefined ? [] : [`${line[0]}: ${line[1]}`]
  );
  return `${open}><failure${attributes({ message: one.why, type: one.level })}>` +
    `${escapeXml(lines.join("\n"))}</failure></testcase>`;
}

function attributes(values: Record<string, string | number>): string {
  return Object.entries(values).map(([name, value]) => ` ${name}="${escapeXml(String(value))}"`)
    .join("");
}

/** XML 1.0 has no form for most control characters: they become `?`. */
function escapeXml(text: string): string {
  // deno-lint-ignore no-control-regex -- they are what is looked for
  return text.replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, "?")
    .replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;").replaceAll("\n", "&#10;");
}
