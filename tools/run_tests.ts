/**
 * Runs the test suite: `deno task test [FILE …]`. Prints one line when all is well, and everything
 * that the tests printed when something failed. A test of time that needed another attempt
 * (`tests/support/attempts.ts`) has a line, too.
 *
 * Several processes run the whole suite. `deno test --parallel` would be one process with several
 * threads: it takes files in an order of its own, so that the cores wait for a long one at the end, and
 * a file that opens a thousand descriptors leaves none below 1,024 to a server with `select` in another.
 */
import { mayShowProgress } from "../cli/shared/output.ts";

/** Files that take longest, the longest first; `deno test --junit-path` tells. Each has a process of its own. */
const LONGEST = [
  ...["cli/lab_all", "servers/models/contract", "servers/models/stress", "bench/http/window"],
  ...["cli/server_end", "bench/http/latency", "bench/check/faulty_servers", "e2e/portable"],
  ...["servers/models/closing", "servers/models/access_log", "bench/http/counts"],
  ...["cli/prompt", "play/page/views/page", "servers/models/sending", "play/page/page"],
  ...["servers/models/overload", "servers/files/answers", "examples", "bench/http/errors"],
  ...["servers/models/metrics", "docs_commands", "servers/files/codings", "cli/lab"],
].map((name) => `tests/${name}_test.ts`);

/** Other files that one process runs, one after the other. */
const FILES_OF_PROCESS = 8;

/**
 * Processes at once. Test files wait for half of their time, for timeouts, and for servers to start and
 * to drain: one process per core would leave the cores idle for 40 % of the time.
 */
const PROCESSES = Number(Deno.env.get("DENO_JOBS") ?? 2 * navigator.hardwareConcurrency);

/** The last line of `deno test`, without colours. */
const SUMMARY =
  /^(?:ok|FAILED) \| (\d+) passed(?: \((\d+) steps?\))? \| (\d+) failed(?: \((\d+) steps?\))?(?: \| (\d+) ignored)?.* \(.*\)$/m;

/** Follows the name of a test that has ended. */
const ENDED = / \.\.\. /;

// deno-lint-ignore no-control-regex
const COLOUR = /\x1b\[[\d;]*m/g;

const encoder = new TextEncoder();
let ended = 0;

/** Shows the progress on a terminal. */
function showProgress(more: number): void {
  ended += more;
  if (mayShowProgress()) Deno.stderr.writeSync(encoder.encode(`\r${ended} tests ended`));
}

/** The output of a process that ran some files. */
interface Outcome {
  code: number;
  /** stderr within stdout, as it came. */
  output: string;
}

/** Where tests record that they try again; `deno test --quiet` prints nothing about tests that pass. */
const repeatedLog = Deno.makeTempFileSync({ prefix: "ktcp-attempts-" });

/** Runs `files`. */
async function runFiles(files: readonly string[], options: readonly string[]): Promise<Outcome> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["test", "--allow-all", "--quiet", "--no-check", "--lock=tests/deno.lock"],
      ...options,
      ...files,
    ],
    env: { KTCP_ATTEMPTS_LOG: repeatedLog },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const parts: string[] = [];
  const read = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
    for await (const part of stream.pipeThrough(new TextDecoderStream())) {
      parts.push(part);
      showProgress(part.split(ENDED).length - 1);
    }
  };
  const [{ code }] = await Promise.all([child.status, read(child.stdout), read(child.stderr)]);
  return { code, output: parts.join("") };
}

/** Files of tests in `folder` and below, sorted. */
function filesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    if (isDirectory) return filesIn(path);
    return name.endsWith("_test.ts") ? [path] : [];
  }).sort();
}

/** The files of each process, in the order in which the processes start. */
function parts(): string[][] {
  const others = filesIn("tests").filter((path) => !LONGEST.includes(path));
  const count = Math.ceil(others.length / FILES_OF_PROCESS);
  // Every `count`th file, so that neighbours, which take similar times, are spread.
  const dealt = Array.from({ length: count }, (_, i) => others.filter((_, at) => at % count === i));
  return [...LONGEST.map((path) => [path]), ...dealt];
}

/** Runs the whole suite. */
async function runAll(): Promise<Outcome[]> {
  const queue = parts();
  const outcomes: Outcome[] = [];
  await Promise.all(Array.from({ length: PROCESSES }, async () => {
    for (let files; (files = queue.shift()) !== undefined;) {
      outcomes.push(await runFiles(files, []));
    }
  }));
  return outcomes;
}

/** Adds up what the processes counted, in one line. */
function summaryOf(outcomes: readonly Outcome[], seconds: number): string {
  const counts = outcomes.map(({ output }) => SUMMARY.exec(output.replaceAll(COLOUR, "")) ?? []);
  const [passed, steps, failed, failedSteps, ignored] = [1, 2, 3, 4, 5].map((group) =>
    counts.reduce((sum, count) => sum + Number(count[group] ?? 0), 0)
  );
  return `${passed} passed (${steps} steps) | ${failed} failed (${failedSteps} steps) | ` +
    `${ignored} ignored (${Math.round(seconds)} s)`;
}

const startMs = performance.now();
const outcomes = Deno.args.length > 0
  ? [await runFiles(Deno.args, ["--parallel"])]
  : await runAll();
if (mayShowProgress()) Deno.stderr.writeSync(encoder.encode("\r\x1b[K"));
const failures = outcomes.filter(({ code }) => code !== 0);
for (const { output } of failures) console.log(output);
await Deno.stdout.write(await Deno.readFile(repeatedLog));
await Deno.remove(repeatedLog);
const summary = summaryOf(outcomes, (performance.now() - startMs) / 1000);
console.log(`${failures.length === 0 ? "ok" : "FAILED"} | ${summary}`);
Deno.exit(failures.length === 0 ? 0 : 1);
