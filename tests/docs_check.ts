/**
 * Runs each command of the documentation as its reader does, and compares what the page shows:
 * `deno task docs:check` (half an hour). `--filter docs/bench.md` takes one page. Those of the README run
 * in the test suite; the translations have the same commands.
 */
import assert from "node:assert/strict";
import { nginxConfig } from "../bench/processes/nginx_config.ts";
import { type DocCommand, docCommands, withoutComment } from "./support/doc_commands.ts";
import { DocShell, type Expectation } from "./support/doc_shell.ts";
import { until } from "./support/until.ts";

const ROOT = new URL("../", import.meta.url);

const PAGES = [
  "CONTRIBUTING.md",
  ...["docs/", "docs/labs/"].flatMap((folder) =>
    [...Deno.readDirSync(new URL(folder, ROOT))].map(({ name }) => folder + name)
      .filter((name) => name.endsWith(".md")).sort()
  ),
];

const BLOCKS = PAGES.flatMap((page) => [
  ...Map.groupBy(
    docCommands(page, Deno.readTextFileSync(new URL(page, ROOT))),
    ({ block }) => block,
  ).values(),
]);

/** Why what `program` is needed for does not run; undefined where it is installed. */
function without(program: string): string | undefined {
  const { success } = new Deno.Command("sh", {
    args: ["-c", `command -v ${program}`],
    stdout: "null",
  }).outputSync();
  return success ? undefined : `${program} is not installed`;
}

/** What a row of a table is about: commands of these pages that match. */
interface Row {
  /** Default: any. */
  page?: RegExp;
  /** Default: any. */
  command?: RegExp;
}

function isAbout({ page = /(?:)/, command = /(?:)/ }: Row, { place, text }: DocCommand): boolean {
  return page.test(place) && command.test(text);
}

/** A command that runs elsewhere, or not at all. */
interface Elsewhere extends Row {
  /** So does the whole block that it stands in. */
  isBlock?: boolean;
  /** Undefined: it runs after all. */
  why: string | undefined;
}

const ELSEWHERE: Elsewhere[] = [
  { page: /^CONTRIBUTING/, command: /^deno task ok/, why: "CI runs it" },
  { page: /install\.md/, command: /--prefix \/usr\/local/, why: "changes the machine" },
  {
    page: /install\.md/,
    command: /^(?!deno task install)/,
    why: "deno task release:check runs it",
  },
  { page: /service\.md/, command: /systemctl|sudoedit|journalctl/, why: "takes a running systemd" },
  {
    page: /service\.md/,
    command: /systemd-socket-activate/,
    why: without("systemd-socket-activate"),
  },
  {
    page: /scale\.md/,
    command: /^parallel/,
    isBlock: true,
    why: "tests/cli/scale_test.ts runs it",
  },
  { page: /scale\.md/, command: /kubectl/, why: "takes a Kubernetes cluster" },
  { page: /scale\.md/, command: /^srun/, isBlock: true, why: "takes Slurm" },
  { page: /simulation\.md/, command: /--minutes 5/, why: "five minutes of what one seed does" },
  { page: /simulation\.md/, command: /--connections/, why: "ten minutes of what one seed does" },
  { page: /originals\.md/, command: /insmod/, why: "takes a kernel module" },
  { page: /operating\.md/, command: /htpasswd|users/, why: without("htpasswd") },
  { page: /check\.md/, command: /http:.*8081/, why: without("nginx") },
  { page: /commands\.md/, command: /&& gnuplot/, why: without("gnuplot") },
  { page: /docs/, command: /--target-c|\.\/server/, why: without("cc") },
];

/** What is not as everywhere else: exit code 0 within a minute. */
const EXPECTED: (Row & Expectation)[] = [
  { command: /--port 70000/, codes: [2] },
  // nginx fails a must.
  { page: /check\.md/, command: /http:.*8081/, codes: [1] },
  // A machine may be too small for the load that is planned.
  { command: /^ktcp doctor/, codes: [0, 1] },
  // A machine that is busy has such latencies.
  { command: /--fail-if/, codes: [0, 1] },
  { command: /^ktcp lab all/, deadlineMs: 360_000 },
  { command: /^ktcp lab/, deadlineMs: 240_000 },
  { command: /^deno |^LC_ALL|htstress .*--sweep/, deadlineMs: 180_000 },
];

/** Goes into a copy of this repository, as a clone is: without what is built. */
const CLONE = `[ -e deno.json ] || {
  mkdir clone && git -C ${ROOT.pathname} ls-files -z |
    tar -C ${ROOT.pathname} -c --null -T - | tar -x -C clone && cd clone
}`;

/** What a command needs that the page takes for granted, made by a script before it. */
const GIVEN: (Row & { script: string | ((text: string) => string) })[] = [
  { command: /^ktcp sockets +#/, script: "ktcp bench --threads 1000 --rounds 5" },
  { command: /^deno /, script: CLONE },
  { command: /^LC_ALL/, script: `${CLONE} && deno task -q compile --portable` },
  // It asks for the password on the terminal.
  { command: /^htpasswd/, script: 'htpasswd() { command htpasswd -b "$@" secret; }' },
  { command: /\.\/server/, script: "cc -o server server.c" },
  {
    command: /bench .*before/,
    script: "for i in before before2 after2; do ktcp bench --json > $i.json || break; done",
  },
  {
    command: /htstress .*before/,
    script: `for i in before before2 before3 after after2 after3; do
      ktcp htstress -k -c 8 --duration 500ms --json localhost:8081 > $i.json || break; done`,
  },
  // The other machines, at the same time.
  {
    command: /> host1\.json/,
    script: (text) =>
      `for i in 2 3; do ${text.replace("host1", "host$i")} & others="$others $!"; done`,
  },
  { command: /merge .*host3/, script: "wait $others" },
  {
    command: /merge host1/,
    script: `for i in 1 2; do
      ktcp htstress -k -c 4 --duration 1s --start-at @$(($(date +%s) + 3)) --json server:8081 > host$i.json &
      others="$others $!"
    done
    wait $others`,
  },
];

const LOG_LINES = Array.from({ length: 200 }, (_, i) => {
  const second = String(10 + Math.floor(i / 20)).padStart(2, "0");
  return `127.0.0.1 - - [28/Nov/2026:10:00:${second} +0000] "GET /LICENSE HTTP/1.1" 200 1074\n`;
});

/** Files that stand in the folder of each block. */
const FILES: Record<string, string> = {
  "access.log": LOG_LINES.join(""),
  "targets.txt": "http://localhost:8081/\nlocalhost:8081/LICENSE\n",
  // What the browser was told to open.
  opened: "",
  "site/index.html": "<!doctype html><title>Site</title>",
  "site/assets/app.js": "console.log(1);\n",
};

async function furnish(folder: string): Promise<void> {
  await Deno.mkdir(`${folder}/site/assets`, { recursive: true });
  for (const [name, text] of Object.entries(FILES)) {
    await Deno.writeTextFile(`${folder}/${name}`, text);
  }
  const source = new URL("tests/bench/check/faulty/echo_server.c", ROOT);
  await Deno.copyFile(source, `${folder}/server.c`);
  await Deno.writeTextFile(
    `${folder}/nginx.conf`,
    // The only user of the namespace is root.
    `user root root;\n${nginxConfig({ folder, port: 8081, server: `root ${folder}/site;` })}`,
  );
  const echo = new URL("examples/judge/echo.c", ROOT);
  await Deno.copyFile(echo, `${folder}/user-echo-server.c`);
}

/** Servers that clients of a page name, and that the reader has running. */
const SERVERS: (Row & { port: number; server: string })[] = [
  // The one whose faults the page shows.
  {
    page: /check\.md/,
    command: /check http/,
    port: 8081,
    server: `bash -c '{ until : < /dev/tcp/127.0.0.1/8081; do sleep 0.05; done
      echo nginx: listening on 127.0.0.1:8081; } 2> /dev/null & exec nginx -p "$PWD" -c "$PWD/nginx.conf"'`,
  },
  { command: /htstress|check http|merge host1/, port: 8081, server: "ktcp http --port 8081 ." },
  { command: /bench .*--port 7\b/, port: 7, server: "ktcp echo --port 7" },
  { command: /mine=127\.0\.0\.1:9000/, port: 9000, server: "ktcp echo --port 9000" },
  {
    command: /^ktcp sockets +#|check echo 127\.0\.0\.1:12345(?!.*--exec)|bench .*--port 12345/,
    port: 12345,
    server: "ktcp echo",
  },
];

/** Starts the server that `command` needs, unless somebody listens there. */
async function provideServer(shell: DocShell, command: DocCommand): Promise<void> {
  const needed = SERVERS.find((row) => isAbout(row, command));
  if (needed === undefined) return;
  const { code } = await shell.run(`(: < /dev/tcp/127.0.0.1/${needed.port}) 2> /dev/null`);
  if (code !== 0) await shell.serve(needed.server);
}

function whyElsewhere(command: DocCommand, block: DocCommand[]): string | undefined {
  return ELSEWHERE.find((row) =>
    row.why !== undefined &&
    (row.isBlock ? block : [command]).some((one) => isAbout(row, one))
  )?.why;
}

/** The labs that have run, by command: a lab starts its own servers, so it is the same at any place. */
const labs = new Map<string, string>();

/** Where the lab of `command` has run; undefined: nowhere. */
function ranAt({ place, text }: DocCommand): string | undefined {
  const command = withoutComment(text);
  if (!/^ktcp lab (?!.*--target )/.test(command)) return undefined;
  const before = labs.get(command);
  if (before === undefined) labs.set(command, place);
  return before && `as in ${before}`;
}

async function follow(shell: DocShell, command: DocCommand): Promise<void> {
  await provideServer(shell, command);
  for (const { script } of GIVEN.filter((row) => isAbout(row, command))) {
    const text = typeof script === "string" ? script : script(command.text);
    const { code, out } = await shell.run(text);
    assert.equal(code, 0, `before ${command.place}: ${text}: ${out}`);
  }
  await shell.follow(command, EXPECTED.find((row) => isAbout(row, command)));
  if (/ --open$/.test(withoutComment(command.text))) {
    await until(() => /\?token=/.test(Deno.readTextFileSync(`${shell.folder}/opened`)));
  }
}

/** Why nothing can run here; undefined: it can. */
const noShell = await DocShell.whyNone();

for (const block of BLOCKS) {
  const reasons = block.map((command) => whyElsewhere(command, block));
  const runs = reasons.includes(undefined);
  const why = runs ? noShell : [...new Set(reasons)].join("; ");
  const [{ place, text }] = block;
  Deno.test({
    name: `${place}: ${named(text, why)}`,
    ignore: why !== undefined,
    async fn(t) {
      await using shell = await DocShell.open() as DocShell;
      await furnish(shell.folder);
      for (const [i, command] of block.entries()) {
        const why = reasons[i] ?? ranAt(command);
        await t.step({
          name: named(command.text, why),
          ignore: why !== undefined,
          fn: () => follow(shell, command),
        });
      }
      await shell.endServers();
    },
  });
}

/** How a command, or a block that begins with it, is called; with the reason why it does not run. */
function named(text: string, why: string | undefined): string {
  const name = withoutComment(text).replaceAll(/\s+/g, " ");
  return why === undefined ? name : `${name} (${why})`;
}

Deno.test("docs: whatever stands in a table here stands on a page", () => {
  const commands = BLOCKS.flat();
  const unused = [...ELSEWHERE, ...EXPECTED, ...GIVEN, ...SERVERS]
    .filter((row) => !commands.some((command) => isAbout(row, command)));
  assert.deepEqual(unused, []);
});
