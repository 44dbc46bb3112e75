/**
 * The examples of docs/scale.md: all name commands and options that exist, and the one with GNU
 * parallel runs as it stands there, between network namespaces that reach nothing else. A stand-in
 * for ssh enters them; one for `parallel` is used where that is not installed.
 */
import assert from "node:assert/strict";
import { COMMANDS } from "../../cli/commands.ts";
import { describe } from "../../cli/completions/words.ts";
import { wholeProgram } from "../../cli/shared/program.ts";
import { summarize } from "../../bench/stats/summary.ts";
import { Process } from "../../system/process.ts";
import { histogramOf } from "../bench/runs.ts";
import { whyNot } from "../support/launch.ts";

const PAGE = Deno.readTextFileSync(new URL("../../docs/scale.md", import.meta.url));
const MAIN = new URL("../../cli/main.ts", import.meta.url).pathname;
const NAMESPACES = new URL("../support/namespaces.sh", import.meta.url).pathname;
const UNSHARE = ["unshare", "--user", "--map-root-user", "--net", "--mount", "sh"];

/** The longest wait for a load of half a second, and for a dozen processes on a busy machine. */
const DEADLINE_MS = 60_000;

/** Blocks of code, without the backslashes that continue lines. */
const EXAMPLES = [...PAGE.matchAll(/^```\w+\n([^]*?)^```$/gm)]
  .map(([, code]) => code.replaceAll(/\\\n\s*/g, ""));

const PARALLEL = EXAMPLES.find((code) => /^parallel /m.test(code))!;

Deno.test("docs/scale.md: its examples name only commands and options that exist", async () => {
  const known = describe(await wholeProgram(COMMANDS));
  // In YAML a command may go on in the next line.
  const commands = EXAMPLES.flatMap((
    code,
  ) => [...code.matchAll(/\bktcp ([a-z]+)((?: [^|\n>]*)(?:\n\s+http[^\n>]*)?)/g)]);
  assert.ok(commands.length >= 6, "the scan found the commands");
  for (const [text, name, rest] of commands) {
    const command = known.find(({ path }) => path === `ktcp ${name}`);
    assert.ok(command, text);
    for (const [, option] of rest.matchAll(/ (--?[a-z][a-z-]*)/g)) {
      const exists = command.options.some(({ long, short }) => long === option || short === option);
      assert.ok(exists, `${option} in ${text}`);
    }
  }
});

/** What the example says, and what stands for it in the test. */
const SUBSTITUTES: [string, string][] = [
  ["+ 20", "+ 5"],
  ["-c 32 --rate 2000 --duration 30s", "-c 4 --rate 200 --duration 500ms"],
  ["http://server.example:8081/", "http://10.99.0.1:8081/"],
  ["ktcp merge", "ktcp merge --json"],
  ["p99>20ms", "p99>60s"],
];

const SSH = `#!/bin/sh
while [ "\${1#-}" != "$1" ]; do shift; done
HOST=$1; shift
[ "$1" = -- ] && shift
export HOST
exec nsenter --target "$(cat "$FOLDER/$HOST")" --net sh -c "$*"
`;

const PARALLEL_STAND_IN = `#!/bin/sh
[ "$1 $2 $3 $4" = "--nonall -j 0 -S" ] || exit 2
for host in $(echo "$5" | tr , ' '); do ssh "$host" "$6" > "$FOLDER/$host.out" & done
wait
cat "$FOLDER"/*.out
`;

/** The client writes its samples as well: what the merged figures are held against. */
const KTCP = `#!/bin/sh
[ "$1" = htstress ] && set -- "$@" --csv "$FOLDER/$HOST.csv"
exec "${Deno.execPath()}" run --quiet -A "${MAIN}" "$@"
`;

/** Starts the server, runs the example, stops the server. */
const SCRIPT = (example: string) =>
  `ktcp http --host 0.0.0.0 --model single > "$FOLDER/ready" &
server=$!
until grep -q listening "$FOLDER/ready"; do sleep 0.05; done
(
${example}
)
status=$?
kill $server
wait $server
exit $status
`;

/** The figures of all samples in a column of the CSV files, of which there are three. */
function figuresOf(files: string[], column: string) {
  const samples = files.flatMap((text) => {
    const [header, ...lines] = text.trimEnd().split("\n").map((line) => line.split(","));
    return lines.map((cells) => cells[header.indexOf(column)]).filter((cell) => cell !== "");
  });
  return summarize(histogramOf(samples.map(Number)));
}

const missing = whyNot([
  ...UNSHARE,
  "-c",
  "ip link add veth1 type veth peer name eth0 && command -v nsenter && command -v mkfifo",
]);

Deno.test({
  name: `docs/scale.md: three hosts load a server, and are merged exactly${
    missing ? ` (skipped: no network namespaces here: ${missing})` : ""
  }`,
  ignore: missing !== undefined,
  async fn() {
    let example = PARALLEL;
    for (const [text, substitute] of SUBSTITUTES) {
      assert.ok(example.includes(text), text);
      example = example.replaceAll(text, substitute);
    }
    const folder = await Deno.makeTempDir();
    try {
      const put = (name: string, text: string) =>
        Deno.writeTextFile(`${folder}/${name}`, text, { mode: 0o755 });
      await Deno.mkdir(`${folder}/bin`);
      await put("bin/ssh", SSH);
      await put("bin/ktcp", KTCP);
      if (whyNot(["parallel", "--version"])) await put("bin/parallel", PARALLEL_STAND_IN);
      await new Deno.Command("mkfifo", { args: [`${folder}/hold`] }).output();
      const env = { FOLDER: folder, HOME: folder, PATH: `${folder}/bin:${Deno.env.get("PATH")}` };
      const cache = Deno.env.get("DENO_DIR") ?? denoDir();
      const command = [...UNSHARE, NAMESPACES, folder, "sh", "-c", SCRIPT(example)];
      await using process = new Process(command, {
        env: { ...env, DENO_DIR: cache },
        deadlineMs: DEADLINE_MS,
      });
      const { code, out, err } = await process.ended;
      assert.equal(code, 0, err);
      const document = JSON.parse(out);
      const files = await Promise.all(
        [1, 2, 3].map((i) => Deno.readTextFile(`${folder}/host${i}.csv`)),
      );
      assert.equal(document.merged, 3);
      assert.deepEqual(document.urls, ["http://10.99.0.1:8081/"]);
      assert.deepEqual(document.latencyUs, figuresOf(files, "latency_us"));
      assert.deepEqual(document.ttfbUs, figuresOf(files, "ttfb_us"));
      assert.deepEqual(document.connectUs, figuresOf(files, "connect_us"));
      assert.ok(document.requests >= 3, `${document.requests} requests`);
      assert.equal(document.requests, document.latencyUs.count);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

/** Where deno keeps what it downloaded, which HOME would tell it otherwise. */
function denoDir(): string {
  const info = new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).outputSync();
  return JSON.parse(new TextDecoder().decode(info.stdout)).denoDir;
}
