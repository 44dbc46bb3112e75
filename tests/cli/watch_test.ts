/** What becomes of a load while it runs: the histogram log, plots of two runs, the live view. */
import assert from "node:assert/strict";
import { HistogramLogReader, type JsHistogram } from "hdr-histogram-js";
import { fromCompressed } from "../../bench/stats/hdr_text.ts";
import { echo, startServer } from "../support/echo_servers.ts";
import { startCounting } from "../support/http_load_servers.ts";
import { whyNot } from "../support/launch.ts";
import { runMain } from "../support/run_main.ts";

const MAIN = new URL("../../cli/main.ts", import.meta.url).pathname;

/** script(1) of util-linux: other systems have other options. */
const reason = whyNot(["script", "-qec", "true", "/dev/null"]);

/** Adds the lines of each tag in a log up. */
function sumsOf(text: string): Record<string, JsHistogram> {
  const sums: Record<string, JsHistogram> = {};
  const reader = new HistogramLogReader(text);
  for (let one = reader.nextIntervalHistogram(); one; one = reader.nextIntervalHistogram()) {
    one.autoResize = true;
    if (sums[one.tag]) sums[one.tag].add(one as JsHistogram);
    else sums[one.tag] = one as JsHistogram;
  }
  return sums;
}

/** Every bucket of a histogram, as text. */
function bucketsOf(histogram: JsHistogram): string {
  const { recordedValuesIterator: iterator } = histogram;
  iterator.reset();
  const buckets: string[] = [];
  while (iterator.hasNext()) {
    const { valueIteratedTo, countAtValueIteratedTo } = iterator.next();
    buckets.push(`${valueIteratedTo} ${countAtValueIteratedTo}`);
  }
  return buckets.join("\n");
}

const LOADS = {
  "bench": "bench -t 7 -r 20 -m 5 --workers 2 -p PORT",
  "htstress, a connection a request": "htstress --duration 1300ms -c 2 -t 2 URL",
  "htstress, keep-alive, with a warm-up": "htstress -k --warmup 100ms -n 500 -t 2 -c 3 URL",
  "htstress at a rate": "htstress -k --rate 300 --duration 700ms URL",
};

for (const [name, line] of Object.entries(LOADS)) {
  Deno.test(`--hdr-log of ${name}: adds up to the histograms of the run, bucket by bucket`, async () => {
    await using echoes = startServer(echo);
    await using http = startCounting();
    const folder = await Deno.makeTempDir();
    const args = line.replace("PORT", `${echoes.port}`).replace("URL", http.url).split(" ");
    const { code, out, err } = await runMain([
      ...args,
      "--json",
      "--hdr-log",
      `${folder}/run.hlog`,
    ]);
    assert.equal(code, 0, err);
    assert.match(err, /wrote .*run\.hlog/);
    const document = JSON.parse(out);
    const sums = sumsOf(await Deno.readTextFile(`${folder}/run.hlog`));
    assert.deepEqual(
      Object.keys(sums).map((tag) => `${tag}Us`).sort(),
      // How late requests start is no latency of an interval.
      Object.keys(document.hdr).filter((name) => name !== "lateUs").sort(),
    );
    for (const [tag, sum] of Object.entries(sums)) {
      assert.equal(sum.totalCount, document[`${tag}Us`].count, tag);
      const whole = `Tag=${tag},0.000,1.000,1.000,${document.hdr[`${tag}Us`]}`;
      assert.equal(bucketsOf(sum), bucketsOf(sumsOf(whole)[tag]), tag);
      const read = fromCompressed(document.hdr[`${tag}Us`]);
      assert.ok(Math.abs(read.meanUs - document[`${tag}Us`].mean) < 0.01, tag);
    }
    await Deno.remove(folder, { recursive: true });
  });
}

Deno.test("--compare --plot: draws both runs, with their latency over time from the logs", async () => {
  await using server = startCounting();
  const folder = await Deno.makeTempDir();
  const save = async (name: string, ...more: string[]) => {
    const { out } = await runMain(["htstress", "-k", "-n", "200", "--json", ...more, server.url]);
    await Deno.writeTextFile(`${folder}/${name}.json`, out);
    return `${folder}/${name}.json`;
  };
  const before = await save("before", "--hdr-log", `${folder}/before.hlog`);
  const after = await save("after");
  const plot = `${folder}/both.svg`;
  const single = await runMain(["htstress", "--compare", before, after, "--plot", plot]);
  assert.equal(single.code, 0, single.err);
  const svg = await Deno.readTextFile(plot);
  for (const text of ["before", "after", "over time, before", " UTC"]) {
    assert.ok(svg.includes(text));
  }
  assert.ok(!svg.includes("over time, after"), "it has no log");
  const several = await runMain(
    ["htstress", "--compare", before, after, "--with", before, after, "--json"],
  );
  const { figures } = JSON.parse(several.out);
  const rate = figures.find(({ name }: { name: string }) => name === "requests/s");
  assert.match(rate.verdict, /equal|unclear/);
  await Deno.writeTextFile(
    before,
    JSON.stringify({ ...JSON.parse(await Deno.readTextFile(before)), hdr: undefined }),
  );
  const old = await runMain(["htstress", "--compare", before, after, "--plot", plot]);
  assert.equal(old.code, 1);
  assert.match(old.err, /Cannot plot .*before\.json: it holds no histograms/);
  await Deno.remove(folder, { recursive: true });
});

const USAGE_ERRORS: [args: string, error: RegExp][] = [
  ["htstress --with a.json", /--with 'a\.json' needs --compare/],
  ["htstress --csv x.svg --plot x.svg http://x/", /--plot 'x\.svg' is the file of --csv/],
  ["htstress --sweep --hdr-log x.hlog http://x/", /--hdr-log 'x\.hlog' and --sweep exclude/],
  ["htstress --sweep --csv x.csv http://x/", /--csv 'x\.csv' and --sweep exclude/],
  ["htstress --sweep --histogram http://x/", /--histogram and --sweep exclude/],
  ["bench --output a --hdr-log ./a", /--hdr-log '\.\/a' is the file of --output/],
  ["bench --compare a b --plot c.gif", /--plot 'c\.gif' is neither/],
];

for (const [args, error] of USAGE_ERRORS) {
  Deno.test(`ktcp ${args}: is a usage error`, async () => {
    const { code, err } = await runMain(args.split(" "));
    assert.equal(code, 2, err);
    assert.match(err, error);
  });
}

Deno.test("bench --gnuplot: its script draws to no other output's file", async () => {
  await using server = startServer(echo);
  const folder = await Deno.makeTempDir();
  const drawnBy = async (...more: string[]) => {
    const args = [
      "bench",
      "-p",
      `${server.port}`,
      "-t",
      "2",
      "-r",
      "1",
      "--output",
      `${folder}/b.txt`,
    ];
    const { code, err } = await runMain([...args, "--gnuplot", `${folder}/b.gp`, ...more]);
    assert.equal(code, 0, err);
    return /^set output '(.*)'$/m.exec(await Deno.readTextFile(`${folder}/b.gp`))![1];
  };
  assert.equal(await drawnBy(), `${folder}/b.png`);
  assert.equal(await drawnBy("--plot", `${folder}/b.png`), `${folder}/b.gnuplot.png`);
  await Deno.remove(folder, { recursive: true });
});

/** Runs `line` of a shell in a pseudo terminal, in which `$KTCP` is the command line. */
async function inTerminal(line: string, end?: (text: string) => boolean): Promise<string> {
  const child = new Deno.Command("script", {
    args: ["-qec", line, "/dev/null"],
    env: { KTCP: `${Deno.execPath()} run -q -A ${MAIN}`, TERM: "xterm" },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
    signal: AbortSignal.timeout(20_000),
  }).spawn();
  const stdin = child.stdin.getWriter();
  let text = "";
  let isEnded = false;
  for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (isEnded || !end?.(text)) continue;
    isEnded = true;
    await stdin.write(Uint8Array.of(3));
  }
  await stdin.close();
  await child.status;
  return text;
}

const [ENTER, LEAVE] = ["\x1b[?1049h", "\x1b[?1049l"];

Deno.test({
  name: "live view: takes a screen of its own and leaves it",
  ignore: reason !== undefined,
}, async () => {
  await using server = startCounting();
  const load = `exec $KTCP htstress -k ${server.url}`;
  const shown = await inTerminal(`stty cols 80 rows 24; ${load} --duration 900ms`);
  assert.ok(shown.includes(ENTER) && shown.includes(LEAVE));
  const [live, rest] = shown.split(LEAVE);
  assert.match(live, /requests\/s +[\d,]+/);
  assert.match(live, /connections 1 open/);
  assert.ok(live.lastIndexOf("\x1b[?25h") > live.lastIndexOf("\x1b[?25l"), "the cursor is back");
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(rest, /\x1b/);
  assert.match(rest, /good requests: \d+ \[100%\]/);

  const ended = await inTerminal(
    `stty cols 40 rows 20; ${load}`,
    (text) => /errors +none/.test(text),
  );
  assert.match(ended.split(LEAVE)[1], /good requests: \d+ \[100%\]/);
});

Deno.test({
  name: "live view: none with --quiet, NO_COLOR or a dumb terminal, or in a pipe",
  ignore: reason !== undefined,
}, async () => {
  await using server = startCounting();
  const load = `$KTCP htstress -k --duration 300ms ${server.url}`;
  const texts = await Promise.all([
    inTerminal(`${load} --quiet`),
    inTerminal(`NO_COLOR=1 ${load}`),
    inTerminal(`TERM=dumb ${load}`),
    inTerminal(`${load} 2>&1 | cat`),
  ]);
  for (const text of texts) {
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(text, /\x1b/);
    assert.match(text, /good requests: \d+ \[100%\]/);
  }
});
