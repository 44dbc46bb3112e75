/** `ktcp check`: the judge of servers. */
import { Argument, Command } from "commander";
import { type Case, GROUPS } from "../../bench/check/case.ts";
import { chosen, mostConnections, mostMs } from "../../bench/check/plan.ts";
import { checkText } from "../../bench/check/report/text.ts";
import { checkDocument, type CheckResult, holds } from "../../bench/check/result.ts";
import { parallelOf, runCases } from "../../bench/check/run.ts";
import { type Kind, KINDS, loadCases } from "../../bench/check/suites.ts";
import { ServerGone, type Target } from "../../bench/check/target.ts";
import { startProgress } from "../../bench/report/progress.ts";
import { timeLeft } from "../../bench/report/progress.ts";
import { table } from "../../bench/report/text_layout.ts";
import { Failure, UsageError } from "../shared/failure.ts";
import { checkDistinct, checkFolder, writeFile } from "../shared/files.ts";
import { withNotes } from "../shared/help.ts";
import { onInterrupt } from "../shared/interrupt.ts";
import { suggestion } from "../shared/nearest.ts";
import { addOptionGroups } from "../shared/options.ts";
import {
  mayShowProgress,
  outputWidth,
  printJson,
  printNote,
  printResult,
} from "../shared/output.ts";
import { VERSION } from "../shared/version.ts";
import { CHECK_OPTIONS, type CheckFlags } from "./options.ts";
import { openTarget } from "./target.ts";

/** Builds the command; its exit code is 1 when a must fails, or the server cannot be reached. */
export function command(): Command {
  const check = new Command("check")
    .description(
      "Judges a server that somebody wrote: sends it test cases, and says what is wrong with its " +
        "answers, which RFC says so, and what in its code is the likely cause.",
    )
    .addArgument(
      new Argument("<kind>", "what the server speaks, or list").choices([...KINDS, "list"]),
    )
    .argument("[target]", "the URL, or HOST:PORT of an echo server; after list: http or echo");
  return withNotes(addOptionGroups(check, CHECK_OPTIONS), {
    about: [`Groups of cases: ${GROUPS.join(", ")}.`],
    exit: {
      0: "every must holds",
      1: "a must fails, or the server cannot be reached, or ends",
      130: "Ctrl-C: the verdicts so far are printed",
    },
    examples: [
      ["ktcp check http http://127.0.0.1:8081/", "judge an HTTP server"],
      [
        "ktcp check echo 127.0.0.1:12345 --only 'bytes/*' --verbose",
        "one group of cases, with the bytes",
      ],
      [
        "ktcp check echo 127.0.0.1:12345 --exec './server $PORT' --report report.html",
        "start the server, too, and write a report",
      ],
      ["ktcp check list http --level hardening", "all cases for HTTP servers"],
    ],
  })
    .action(run);
}

async function run(kind: Kind | "list", target: string | undefined, flags: CheckFlags) {
  if (kind === "list") return await list(target, flags);
  if (target === undefined) {
    const form = kind === "http" ? "http://127.0.0.1:8081/" : "127.0.0.1:12345";
    throw new UsageError(`no target given; write one like ktcp check ${kind} ${form}`);
  }
  const { junit, report } = flags;
  checkDistinct({ junit, report });
  if (junit !== undefined) checkFolder("junit", junit);
  if (report !== undefined) checkFolder("report", report);
  const cases = await casesFor(kind, flags);
  const interrupt = onInterrupt();
  try {
    await using opened = await openTarget(kind, target, flags, interrupt.signal);
    const result = await judge(kind, cases, opened.target);
    await print(result, flags);
    Deno.exitCode = interrupt.signal.aborted ? 130 : holds(result.judged) ? 0 : 1;
  } finally {
    interrupt.dispose();
  }
}

/** @throws {UsageError} when none is left */
async function casesFor(kind: Kind, { level, only, skip }: CheckFlags): Promise<Case[]> {
  const cases = chosen(await loadCases(kind), { level, only, skip });
  if (cases.length > 0) return cases;
  const globs = [
    ...only.map((glob) => `--only '${glob}'`),
    ...skip.map((glob) => `--skip '${glob}'`),
  ];
  // A glob that names no group matches nothing, and is most often a typing error.
  const near = only.map((glob) => suggestion(glob.split("/")[0], GROUPS)).find(Boolean) ?? "";
  throw new UsageError(
    `no case is left with ${
      globs.join(" ")
    } --level ${level}${near}; 'ktcp check list ${kind}' lists them`,
  );
}

async function judge(kind: Kind, cases: readonly Case[], target: Target): Promise<CheckResult> {
  const startMs = performance.now();
  const date = new Date().toISOString();
  const parallel = await unlessGone(target, () => parallelOf(target));
  const most = mostMs(cases, target.timeoutMs, parallel);
  const atOnce = mostConnections(cases, parallel);
  printNote(
    `ktcp check: ${cases.length} cases, at most ${atOnce} connection${atOnce > 1 ? "s" : ""} ` +
      `at once, ${timeLeft(most).replace(" left", "")} if the server answers none of them`,
  );
  const progress = await startProgress(cases.length, mayShowProgress());
  try {
    const judged = await runCases(cases, target, {
      parallel,
      mostMs: most,
      onJudged: (done, { id }) => progress.update({ done, note: id }),
    });
    return {
      kind,
      target: target.name,
      date,
      seconds: (performance.now() - startMs) / 1000,
      judged,
    };
  } finally {
    progress.stop();
  }
}

async function unlessGone<T>({ name }: Target, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ServerGone)) throw error;
    throw new Failure(`Cannot judge '${name}': ${error.message}; start the server first`);
  }
}

async function print(result: CheckResult, flags: CheckFlags): Promise<void> {
  if (flags.json) printJson(checkDocument(result, VERSION));
  else printResult(checkText(result, outputWidth(), flags.verbose));
  if (flags.junit !== undefined) {
    const { checkJunit } = await import("../../bench/check/report/junit.ts");
    await writeFile("junit", flags.junit, checkJunit(result));
  }
  if (flags.report !== undefined) {
    const { checkReport } = await import("../../bench/check/report/html.ts");
    await writeFile("report", flags.report, checkReport(result, VERSION));
  }
}

/** Prints the cases that would be judged. */
async function list(kind: string | undefined, flags: CheckFlags): Promise<void> {
  const kinds = KINDS.filter((one) => kind === undefined || one === kind);
  if (kinds.length === 0) {
    throw new UsageError(`'${kind}' is no kind of server; write one of ${KINDS.join(", ")}`);
  }
  const cases = (await Promise.all(kinds.map((one) => casesFor(one, flags)))).flat();
  if (flags.json) {
    const shown = cases.map(({ id, group, level, title, reference }) => ({
      id,
      group,
      level,
      title,
      reference,
    }));
    return printJson({ command: "check", version: VERSION, cases: shown });
  }
  printResult(table(cases.map(({ id, level, title }) => [id, level, title]), "l"));
}
