/** The result of the judge, as one document. */
import { type Judged, type Verdict, VERDICTS } from "./case.ts";
import { foundCauses } from "./causes.ts";

/** Everything that is reported. */
export interface CheckResult {
  kind: "http" | "echo";
  /** The server, as the user wrote it. */
  target: string;
  /** When the run began, ISO 8601. */
  date: string;
  seconds: number;
  judged: readonly Judged[];
}

/** How many cases got each verdict. */
export function countVerdicts(judged: readonly Judged[]): Record<Verdict, number> {
  const counts = Object.fromEntries(VERDICTS.map((verdict) => [verdict, 0]));
  for (const { verdict } of judged) counts[verdict]++;
  return counts as Record<Verdict, number>;
}

/** Whether every must that was judged holds. */
export function holds(judged: readonly Judged[]): boolean {
  return !judged.some(({ level, verdict, cause }) =>
    verdict === "fail" && (level === "must" || cause === "dies")
  );
}

/** The JSON document of `ktcp check`. */
export function checkDocument(result: CheckResult, version: string): Record<string, unknown> {
  const counts = countVerdicts(result.judged);
  return {
    command: "check",
    version,
    kind: result.kind,
    target: result.target,
    cases: result.judged.map((one) => ({
      id: one.id,
      group: one.group,
      level: one.level,
      title: one.title,
      verdict: one.verdict,
      why: one.why,
      reference: one.reference,
      sent: one.sent ?? null,
      received: one.received ?? null,
      expected: one.expected ?? null,
      cause: one.cause ?? null,
    })),
    causes: foundCauses(result.judged).map(({ id, title, advice, level, cases }) => ({
      id,
      level,
      title,
      advice,
      cases: cases.map((one) => one.id),
    })),
    passed: counts.pass,
    failed: counts.fail,
    unclear: counts.unclear,
    skipped: counts.skipped,
  };
}
