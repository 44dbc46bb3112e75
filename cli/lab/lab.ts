/** `ktcp lab`: the experiments. */
import { messageOf } from "../../system/message_of.ts";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Argument, Command, Option } from "commander";
import type { ForeignTarget, Lab, LabContext, Target } from "../../bench/lab/lab.ts";
import { failuresOf, labDocument, type LabResult, LABS, runLab } from "../../bench/lab/labs.ts";
import { labText, machineText } from "../../bench/lab/text.ts";
import { type Language, languageOf, LANGUAGES } from "../../bench/report/language.ts";
import { startNginx } from "../../bench/processes/nginx.ts";
import { startProgress } from "../../bench/report/progress.ts";
import { table } from "../../bench/report/text_layout.ts";
import { addOptionGroups, count, file } from "../shared/options.ts";
import { Failure, UsageError } from "../shared/failure.ts";
import { checkFolder, writeFile } from "../shared/files.ts";
import { withNotes } from "../shared/help.ts";
import { onInterrupt, STOP_SIGNALS } from "../shared/interrupt.ts";
import { suggestion } from "../shared/nearest.ts";
import { offering } from "../shared/values.ts";
import { MODELS } from "../../servers/models/model.ts";
import { startOwn } from "./servers.ts";
import { countSyscalls } from "./strace.ts";
import { CompiledServer, nameOf, parseSource } from "./target_c.ts";
import { parseTarget, probeTarget } from "./targets.ts";
import { workqueueTrials } from "./workqueue/trials.ts";
import {
  mayShowProgress,
  outputWidth,
  printJson,
  printNote,
  printResult,
} from "../shared/output.ts";
import { VERSION } from "../shared/version.ts";
import { acceptQueue, countTimeWait, dropTimeWait } from "../../system/sockets/port_sockets.ts";

interface LabOptions {
  quick?: boolean;
  rounds?: number;
  target?: Target[];
  targetC?: string[];
  report?: string;
  json?: boolean;
  explain?: boolean;
  lang?: Language;
}

/** Repetitions of each variant unless `--rounds` says otherwise. */
const ROUNDS = { quick: 3, full: 5 };

const LAB_NAMES = LABS.map(({ name }) => name);

/** A page that belongs to no lab: every question of the course. */
const COURSE = "course";

/** Builds the command; its exit code is 1 when an echo or a request failed. */
export function command(): Command {
  const lab = new Command("lab")
    .description(
      "Experiments that measure servers on this machine, and explain the results: each prints " +
        "its question, set-up, figures, a plot and a conclusion computed from them.",
    )
    .addArgument(offering(
      new Argument(
        "<name>",
        `list, all, one of ${LAB_NAMES.join(", ")}, or a file with one of yours`,
      ),
      ["list", "all", COURSE, ...LAB_NAMES],
    ));
  addOptionGroups(lab, {
    "Common options": [
      new Option("--quick", "fewer and shorter measurements: all labs within four minutes"),
      new Option("--explain", "show the lab's page instead: background, exercises, references")
        .conflicts(["json", "quick", "report", "rounds", "target", "targetC"]),
      count("--rounds", "repetitions of each variant", {
        max: 100,
        unset: `${ROUNDS.full}, with --quick ${ROUNDS.quick}`,
      }),
    ],
    "Your own server": [
      new Option(
        "--target <name=host:port>",
        "add a running echo or HTTP server to the comparison; may be repeated",
      ).argParser(parseTarget),
      new Option(
        "--target-c <file.c>",
        "compile and run a server in C, and add it to the comparison; may be repeated",
      ).argParser(parseSource),
    ],
    "Results": [
      file("--report", "write an HTML report with tables, plots and raw data"),
      new Option("--json", "print one JSON document"),
      new Option("--lang <language>", "the language of --explain and --report")
        .choices(LANGUAGES).default(undefined, "zh-TW with such a locale, else en"),
    ],
  });
  return withNotes(lab, {
    exit: {
      1: "an echo or a request failed",
      130: "Ctrl-C, SIGTERM or SIGHUP: the figures so far are printed",
    },
    examples: [
      ["ktcp lab list", "what each asks, and how long it takes"],
      ["ktcp lab backlog --explain", "read what it is about"],
      ["ktcp lab backlog", "run it"],
      ["ktcp lab all --quick --report report.html", "all of them in four minutes"],
      ["ktcp lab keepalive --target nginx=127.0.0.1:80", "compare another server, too"],
      ["ktcp lab originals --target-c user-echo-server.c", "compare your own in C"],
      ["ktcp lab ./mine.ts", "run one that you wrote"],
      ["ktcp lab course --explain", "the questions of the course, each with its answer"],
    ],
  })
    .action(run);
}

async function run(name: string, options: LabOptions): Promise<void> {
  if (name === COURSE && options.explain) return showPages([COURSE], options);
  if (name === "list" && !options.explain) return list(options);
  const labs = isFile(name)
    ? [await customLab(name, options)]
    : name === "all"
    ? LABS
    : LABS.filter((lab) => lab.name === name);
  if (labs.length === 0) {
    const names = ["list", "all", ...LAB_NAMES];
    const hint = name === COURSE
      ? "; 'course' is a page: add --explain"
      : suggestion(name, [...names, COURSE]) || `; labs: ${names.join(", ")}, or ./FILE.ts`;
    throw new UsageError(`'${name}' is not a lab${hint}`);
  }
  if (options.explain) return showPages(labs.map((lab) => lab.name), options);
  if (options.report !== undefined) checkFolder("report", options.report);
  else if (options.lang !== undefined) {
    throw new UsageError("option '--lang' is for --explain and --report; add one of them");
  }
  const { target = [], targetC = [] } = options;
  const twice = targetC.map(nameOf).find((name) => target.some((other) => other.name === name));
  if (twice !== undefined) {
    throw new UsageError(`--target and --target-c are both called '${twice}'; rename one of them`);
  }
  const targets = await Promise.all(target.map(probeTarget));
  refuseUseless(labs, targets);
  noteUnseen(targets);
  await using programs = new AsyncDisposableStack();
  const compiled: CompiledServer[] = [];
  for (const path of targetC) compiled.push(programs.use(await CompiledServer.compile(path)));
  const results = await runAll(labs, { targets, compiled }, options);
  if (options.json) {
    const documents = results.map((result) => labDocument(result));
    printJson({
      command: "lab",
      version: VERSION,
      ...(name === "all" ? { labs: documents } : documents[0]),
    });
  }
  if (options.report !== undefined) {
    const { labReport } = await import("../../bench/lab/html_report.ts");
    const report = await labReport(results, VERSION, chosenLanguage(options));
    await writeFile("report", options.report, report);
  }
}

/** Whether a lab's name is that of a file. */
function isFile(name: string): boolean {
  return name.includes("/") || /\.[jt]s$/.test(name);
}

/** The lab in the file `path`. @throws {Failure} when there is none */
async function customLab(path: string, { explain }: LabOptions): Promise<Lab> {
  if (explain) throw new UsageError(`'--explain' is for ktcp's own labs; ${path} has no page`);
  const { loadLab } = await import("../../bench/lab/custom.ts");
  try {
    return await loadLab(pathToFileURL(resolve(path)));
  } catch (error) {
    throw new Failure(`Cannot load a lab from ${path}: ${messageOf(error)}`);
  }
}

async function showPages(names: readonly string[], options: LabOptions): Promise<void> {
  const { explain } = await import("./explain.ts");
  await explain(names, chosenLanguage(options));
}

function chosenLanguage({ lang }: LabOptions): Language {
  return lang ?? languageOf((name) => Deno.env.get(name));
}

function list({ json }: LabOptions): void {
  if (json) {
    const labs = LABS.map(({ name, question, seconds }) => ({ lab: name, question, seconds }));
    return printJson({ command: "lab", version: VERSION, labs });
  }
  const rows = LABS.map(({ name, question, seconds: { quick, full } }) => [
    name,
    ...[quick, full].map((seconds) => `${seconds} s`),
    question,
  ]);
  printResult(table([["lab", "--quick", "full", "question"], ...rows], "lrrl"));
}

/** Runs `labs`, and prints each one's text as soon as it is there, unless JSON is asked for. */
async function runAll(
  labs: readonly Lab[],
  { targets, compiled }: { targets: ForeignTarget[]; compiled: CompiledServer[] },
  options: LabOptions,
): Promise<LabResult[]> {
  const isQuick = options.quick ?? false;
  const { signal, dispose } = onInterrupt(STOP_SIGNALS);
  const results: LabResult[] = [];
  try {
    for (const [i, lab] of labs.entries()) {
      if (signal.aborted) break;
      printNote(`ktcp lab: ${lab.name} (${i + 1} of ${labs.length})`);
      const started = await startAll(compiled);
      if (i === 0) refuseUseless(labs, started);
      const progress = await startProgress(1, mayShowProgress());
      const context: LabContext = {
        isQuick,
        rounds: options.rounds ?? (isQuick ? ROUNDS.quick : ROUNDS.full),
        host: {
          start: startOwn,
          startNginx,
          countSyscalls,
          acceptQueue,
          countTimeWait,
          dropTimeWait,
          workqueue: workqueueTrials,
        },
        models: MODELS,
        targets: [...targets, ...started].filter(({ protocol }) => lab.takes.includes(protocol)),
        signal,
        onProgress: (done, total, note) => progress.update({ done: done / total, note }),
      };
      const result = await runUnlessInterrupted(lab, context)
        .catch((error) => blame(error, compiled))
        .finally(() => progress.stop());
      for (const program of compiled) await program.stop();
      if (result === null) break;
      results.push(result);
      if (!options.json) printResult(`${labText(result, outputWidth())}\n`);
      const failures = failuresOf(result);
      if (failures > 0) {
        printNote(`ktcp lab: ${lab.name}: ${failures} echoes or requests failed`);
        Deno.exitCode = 1;
      }
    }
    if (!options.json && results.length > 0) printResult(machineText(results[0], outputWidth()));
    if (signal.aborted) {
      printNote("interrupted; the figures so far are printed");
      Deno.exitCode = 130;
    }
    return results;
  } finally {
    dispose();
  }
}

/** Names the servers whose CPU time cannot be measured. */
function noteUnseen(targets: readonly ForeignTarget[]): void {
  for (const { name, pids = [] } of targets) {
    if (pids.length > 0) continue;
    printNote(
      `ktcp lab: the CPU time of '${name}' is not measured: its process is not seen (it may be ` +
        "another user's, or on another machine)",
    );
  }
}

/** A new process of each of `compiled`, for the next lab. */
async function startAll(compiled: readonly CompiledServer[]): Promise<ForeignTarget[]> {
  const targets: ForeignTarget[] = [];
  for (const program of compiled) targets.push(await program.start());
  return targets;
}

/** @throws {Failure} that names a program that has ended meanwhile; otherwise `error` */
async function blame(error: unknown, compiled: readonly CompiledServer[]): Promise<never> {
  for (const program of compiled) {
    const end = await program.end();
    if (end !== null) {
      throw new Failure(`The server of --target-c '${program.name}' is gone: ${end}`);
    }
  }
  throw error;
}

/** Runs `lab`; null if it failed after an interruption, which also ends servers that are starting. */
async function runUnlessInterrupted(lab: Lab, context: LabContext): Promise<LabResult | null> {
  try {
    return await runLab(lab, context, VERSION);
  } catch (error) {
    if (context.signal.aborted) return null;
    throw error;
  }
}

/** @throws {UsageError} for a target that none of `labs` can take */
function refuseUseless(labs: readonly Lab[], targets: ForeignTarget[]): void {
  for (const { name, protocol } of targets) {
    if (labs.some((lab) => lab.takes.includes(protocol))) continue;
    const takers = LABS.filter((lab) => lab.takes.includes(protocol)).map((lab) => lab.name);
    throw new UsageError(
      `--target '${name}' speaks ${protocol}, which '${labs[0].name}' does not compare; ` +
        `${takers.join(", ")} do`,
    );
  }
}
