import assert from "node:assert/strict";
import { compareResults, compareText } from "../../../bench/report/compare.ts";
import {
  BENCH_CSV_HEADER,
  benchTxt,
  echoCsv,
  HTSTRESS_CSV_HEADER,
  requestCsv,
} from "../../../bench/report/csv.ts";
import { benchGnuplot } from "../../../bench/report/gnuplot.ts";
import { startProgress } from "../../../bench/report/progress.ts";
import { barLine, barPlot, sparkline, stepPlot } from "../../../bench/report/terminal_plot.ts";
import { benchText, histogramText, htstressText } from "../../../bench/report/text.ts";
import { BENCH, CONNECTS, histogramOf, HTSTRESS } from "../runs.ts";

Deno.test("htstressText(): begins with the C tool's lines", () => {
  const lines = htstressText(HTSTRESS).split("\n");
  assert.deepEqual(lines.slice(0, 8), [
    "",
    "requests:      1000",
    "good requests: 985 [98%]",
    "bad requests:  8 [0%]",
    "socket errors: 7 [0%]",
    "seconds:       2.000",
    "requests/sec:  500.000",
    "",
  ]);
  const rest = lines.slice(8).join("\n");
  assert.match(rest, /statuses: +200 985, 404 5/);
  assert.match(rest, /errors: +closed 3, reset 2, truncated 2, refused 1, timeout 1, garbage 1/);
  assert.match(rest, /received: +3\.00 MiB, 1\.50 MiB\/s/);
  assert.match(rest, /^connect +0( +-){10}$/m, "no connect was measured");
});

Deno.test("benchText(): names the failures and keeps connect apart from echo", () => {
  const text = benchText(BENCH);
  assert.match(text, /^50 clients × 2 rounds × 1 message of 64 B against ktcp's own echo server/);
  assert.match(text, /echoes: 100, good 98, failed 2 \(reset 1, mismatch 1\)/);
  assert.match(text, /1 SYN retransmits, 0 listen overflows/);
  assert.match(text, /^connect +100 +20\.5 µs .* 1\.02 s$/m);
  assert.match(text, /^echo +98 +100 µs /m);
});

Deno.test("histogramText(): its counts add up to all samples, whatever the spread", () => {
  const spreads = [
    CONNECTS,
    histogramOf([5]),
    histogramOf([100, 101, 102]),
    histogramOf([0.1, 6e7]),
  ];
  for (const histogram of spreads) {
    const rows = histogramText(histogram).split("\n").slice(1);
    const counts = rows.map((row) => Number(/ (\d+) +[\d.]+%$/.exec(row)![1]));
    assert.equal(counts.reduce((a, b) => a + b), histogram.count);
    assert.match(rows.at(-1)!, / 100\.00%$/);
    assert.ok(rows.length <= 40, `${rows.length} rows`);
  }
  assert.equal(histogramText(histogramOf([])), "no samples");
});

Deno.test("barLine(): draws eighths, and something for everything above 0", () => {
  assert.equal(barLine(1, 4), "████");
  assert.equal(barLine(0.5, 3), "█▌");
  assert.equal(barLine(0.0001, 4), "▏");
  assert.equal(barLine(0, 4), "");
  assert.equal(barLine(7, 2), "██");
});

Deno.test("barPlot(), sparkline(), stepPlot(): scale to the largest value", () => {
  const format = (value: number) => `${value}/s`;
  assert.equal(
    barPlot(
      [{ name: "per-core", value: 8, low: 7, high: 9 }, { name: "single", value: 4 }],
      format,
      4,
    ),
    "per-core  ████  8/s  (7/s to 9/s)\nsingle    ██    4/s",
  );
  assert.equal(sparkline([0, 7, 3.5]), "▁█▅");
  assert.equal(
    stepPlot(
      [1, 32].map((load) => ({
        load: `c=${load}`,
        bars: [{ name: "rps", value: load }, { name: "p99", value: 2 }],
      })),
      [format, (us) => `${us} µs`],
      4,
    ),
    "      rps         p99\nc=1   ▏      1/s  ████  2 µs\nc=32  ████  32/s  ████  2 µs",
  );
});

Deno.test("CSV: a line has the columns of its header", () => {
  const echo = { client: 3, round: 1, seq: 0, connectUs: 20.126, echoUs: null, result: "timeout" };
  assert.equal(BENCH_CSV_HEADER, "client,round,seq,connect_us,echo_us,result");
  assert.equal(echoCsv(echo), "3,1,0,20.13,,timeout");
  const request = requestCsv({
    thread: 1,
    seq: 2,
    startUs: 0,
    connectUs: null,
    ttfbUs: 100,
    latencyUs: 120.5,
    status: 200,
    result: "good",
  });
  assert.equal(request, "1,2,0.00,,100.00,120.50,200,good");
  assert.equal(request.split(",").length, HTSTRESS_CSV_HEADER.split(",").length);
});

Deno.test("benchTxt(): two columns by client, without clients that have no mean", () => {
  const lines = benchTxt(BENCH.clients.toReversed()).trimEnd().split("\n");
  assert.equal(lines.length, 49);
  assert.equal(lines[0], "0 100.00");
  assert.ok(!lines.some((line) => line.startsWith("7 ")));
});

Deno.test("compareResults(): pairs every figure and refuses different commands", () => {
  const after = { ...BENCH, echoUs: { ...BENCH.echoUs, p99: BENCH.echoUs.p99! * 1.5, max: null } };
  const figures = compareResults(BENCH, after);
  assert.equal(figures.find(({ name }) => name === "echo p99")?.after, after.echoUs.p99);
  const text = compareText(BENCH, after, ["A.json", "B.json"]);
  assert.match(text, /^ +A\.json +B\.json +change$/m);
  assert.match(text, /^echo p99 +197 µs +296 µs +\+50\.0%$/m);
  assert.match(text, /^echo max +197 µs +- +-$/m);
  assert.match(text, /^failed +2 +2 +\+0\.0%$/m);
  assert.match(compareText(HTSTRESS, HTSTRESS, ["a", "b"]), /^requests\/s +500 +500 +\+0\.0%$/m);
  assert.throws(() => compareResults(BENCH, HTSTRESS), /a run of bench with one of htstress/);
});

Deno.test("startProgress(): draws nothing where there is no terminal", async () => {
  const progress = await startProgress(10, false);
  progress.update({ done: 5, note: "half" });
  progress.stop();
});

async function hasGnuplot(): Promise<boolean> {
  try {
    return (await new Deno.Command("gnuplot", { args: ["--version"] }).output()).success;
  } catch {
    return false;
  }
}

Deno.test({
  name: "benchGnuplot(): gnuplot draws bench.txt with it (where gnuplot is installed)",
  ignore: !(await hasGnuplot()),
  async fn() {
    const dir = await Deno.makeTempDir();
    try {
      await Deno.writeTextFile(`${dir}/it's bench.txt`, benchTxt(BENCH.clients));
      const script = benchGnuplot({
        dataPath: "it's bench.txt",
        outputPath: "bench.svg",
        subtitle: 'unix:/tmp/my_"echo".sock',
      });
      const gnuplot = new Deno.Command("gnuplot", { cwd: dir, args: ["-"], stdin: "piped" });
      const child = gnuplot.spawn();
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode(script));
      await writer.close();
      assert.ok((await child.status).success);
      const svg = await Deno.readTextFile(`${dir}/bench.svg`);
      for (const label of ["client", "echo latency (µs)", "my_"]) assert.ok(svg.includes(label));
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
});
