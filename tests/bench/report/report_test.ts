import assert from "node:assert/strict";
import { compareResults, compareText } from "../../../bench/report/compare.ts";
import { sweepText } from "../../../bench/report/sweep.ts";
import { widthOf } from "../../../bench/report/text_layout.ts";
import { summarize } from "../../../bench/stats/summary.ts";
import { type BenchResult, compressAll } from "../../../bench/result.ts";
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
  const lines = htstressText(HTSTRESS, 200).split("\n");
  assert.deepEqual(lines.slice(0, 8), [
    "",
    "requests:      1000",
    "good requests: 985 [98%]",
    "bad requests:  8 [0%]",
    "socket errors: 7 [0%]",
    "seconds:       2.000",
    "requests/sec:  490.000",
    "",
  ]);
  const rest = lines.slice(8).join("\n");
  assert.match(
    rest.replace(/\n +/g, " "),
    new RegExp(
      "^run: +http://127\\.0\\.0\\.1:8081/, 4 connections on 4 threads, one connection a request, " +
        "open loop at 500/s, for 2 s, after 0\\.5 s of warm-up\n" +
        "measured: +980 answered in 2\\.000 s, 13 in flight at the end, 1 of them given up, the last " +
        "of them ended 10\\.250 s later\n" +
        "schedule: +due 1,200, sent 1,001, not sent 199; late by p50 20\\.0 µs, p99 5\\.00 ms, max " +
        "5\\.00 ms\n" +
        "statuses: +200 985, 404 5\n" +
        "errors: +closed 3: the server closed the connection before it answered \\(first: " +
        "127\\.0\\.0\\.1:8081\\) garbage 1: a line ends with LF alone \\(first: HTTP/1\\.1 200 OK" +
        "\\\\n\\)\n" +
        "received: +3\\.00 MiB, 1\\.00 MiB/s\n",
    ),
  );
  assert.match(rest, /^connect +0( +-)+$/m, "no connect was measured");
});

Deno.test("benchText(): names the failures and keeps connect apart from echo", () => {
  const text = benchText(BENCH, 200);
  assert.match(text, /^50 clients × 2 rounds × 1 message of 64 B against ktcp's own echo server/);
  assert.match(text, /^echoes: 100, good 98, failed 2\nfailed: reset 1, mismatch 1$/m);
  assert.match(text, /^kernel: 1 SYN retransmit, 0 listen overflows$/m);
  assert.match(text, /^connect +100 +20\.5 µs .* 1\.02 s$/m);
  assert.match(text, /^echo +98 +100 µs /m);
});

/** Results with numbers as long as they get. */
const HUGE_BENCH: BenchResult = {
  ...BENCH,
  target: "[2001:db8::1234]:12345",
  threads: 1_000_000,
  attempted: 123_456_789,
  ok: 123_000_000,
  failures: { refused: 1e8, reset: 2e7, timeout: 3e6, mismatch: 4e5, short: 5e4, closed: 6e3 },
  failed: 123_456_000,
  connectUs: { ...BENCH.connectUs, count: 123_456_789 },
};
const HUGE_HTSTRESS = {
  ...HTSTRESS,
  statuses: Object.fromEntries([200, 301, 404, 429, 500, 503].map((s) => [s, 12_345_678 + s])),
  errors: { ...HTSTRESS.errors, refused: 1e8, reset: 2e7, timeout: 3e6, truncated: 4e5 },
  faults: HTSTRESS.faults.map((fault) => ({ ...fault, count: 123_456_789 })),
  latencyUs: { ...HTSTRESS.latencyUs, count: 123_456_789 },
};
const STEPS = [1, 128, 50_000].map((load) => ({ load, result: HUGE_HTSTRESS }));
const TEXTS: Record<string, (width: number) => string> = {
  benchText: (width) => benchText(HUGE_BENCH, width),
  htstressText: (width) => htstressText(HUGE_HTSTRESS, width),
  histogramText: (width) => histogramText(CONNECTS, width),
  sweepText: (width) =>
    sweepText(STEPS, { loadName: "connections per thread", kneeLoad: 128 }, width),
  "compareText of bench": (width) =>
    compareText([HUGE_BENCH], [BENCH], { names: ["before.json", "after.json"], width }),
  "compareText of htstress": (width) =>
    compareText([HUGE_HTSTRESS, HTSTRESS], [HTSTRESS, HUGE_HTSTRESS], {
      names: ["a.json b.json", "c.json d.json"],
      width,
    }),
};

for (const [name, textOf] of Object.entries(TEXTS)) {
  for (const width of [40, 80, 120, 200]) {
    Deno.test(`${name}(): fits ${width} columns, on a line or several`, () => {
      const text = textOf(width);
      assert.ok(widthOf(text) <= width, text);
      // deno-lint-ignore no-control-regex
      assert.doesNotMatch(text, /\x1b|undefined|NaN|\b1 [a-z]+s\b/);
      const words = (text: string) => new Set(text.match(/[A-Za-z]{4,}|\d[\d,.]{3,}/g));
      const missing = words(textOf(1000)).difference(words(text));
      assert.deepEqual([...missing], [], "it says the same in any width");
    });
  }
}

Deno.test("histogramText(): its counts add up to all samples, whatever the spread", () => {
  const spreads = [
    CONNECTS,
    histogramOf([5]),
    histogramOf([100, 101, 102]),
    histogramOf([0.1, 6e7]),
  ];
  for (const histogram of spreads) {
    const rows = histogramText(histogram, 80).split("\n").slice(1);
    const counts = rows.map((row) => Number(/ (\d+) +[\d.]+%$/.exec(row)![1]));
    assert.equal(counts.reduce((a, b) => a + b), histogram.count);
    assert.match(rows.at(-1)!, / 100\.00%$/);
    assert.ok(rows.length <= 40, `${rows.length} rows`);
  }
  assert.equal(histogramText(histogramOf([]), 80), "no samples");
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
      [{ name: "per-core", value: 8, range: "7–9/s" }, { name: "single", value: 4 }],
      format,
      32,
    ),
    "per-core  ████████  8/s  (7–9/s)\nsingle    ████      4/s",
  );
  // Without room for the range.
  assert.equal(
    barPlot([{ name: "per-core", value: 8, range: "7–9/s" }], format, 23),
    "per-core  ████████  8/s",
  );
  assert.equal(
    barPlot([{ name: "a", value: 20 }, { name: "b", value: 100_000 }], format, 30),
    "a  █▎                    20/s\nb  ████████████████  100000/s\n" +
      "Logarithmic: the bars begin at\n10/s.",
  );
  assert.equal(sparkline([0, 7, 3.5]), "▁█▅");
  const steps = [1, 32].map((load) => ({
    load: `c=${load}`,
    bars: [{ name: "rps", value: load }, { name: "errors", value: 0 }],
  }));
  const formats = [format, String];
  assert.equal(
    stepPlot(steps, formats, 30),
    "             rps  errors\nc=1   ▏      1/s       0\nc=32  █████ 32/s       0",
  );
  assert.equal(
    stepPlot(steps, formats, 25),
    "       rps  errors\nc=1    1/s       0\nc=32  32/s       0",
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
  const figures = compareResults([BENCH], [after]);
  assert.equal(figures.find(({ name }) => name === "echo p99")?.after, after.echoUs.p99);
  const layout = { names: ["A.json", "B.json"] as [string, string], width: 80 };
  const text = compareText([BENCH], [after], layout);
  assert.match(text, /^before: A\.json\nafter: {2}B\.json\n\nEach side was run once/);
  assert.match(text, /^echo +before +after +change$/m);
  assert.match(text, /^p99 +197 µs +296 µs +\+50\.0% +!$/m);
  assert.match(text, /^max +197 µs +- +-$/m);
  assert.match(text, /^failed +2 +2 +\+0\.0%$/m);
  assert.match(text, /^! fewer than 10 samples lie above this percentile\.$/m);
  assert.match(compareText([HTSTRESS], [HTSTRESS], layout), /^requests\/s +490 +490 +\+0\.0%$/m);
  assert.throws(() => compareResults([BENCH], [HTSTRESS]), /a run of bench with one of htstress/);
  assert.throws(() => compareResults([BENCH, HTSTRESS], [BENCH]), TypeError);
});

/** An echo run with `values`, at `rate`. */
function benchOf(values: number[], rate = 1000): BenchResult {
  const echo = histogramOf(values);
  return {
    ...BENCH,
    messagesPerSecond: rate,
    echoUs: summarize(echo),
    hdr: compressAll({ connectUs: CONNECTS, echoUs: echo }),
  };
}

/** Latencies that are spread evenly from `from` µs to twice that. */
const spread = (count: number, from: number) =>
  Array.from({ length: count }, (_, i) => from * (1 + i / count));

const DOUBTS: [what: string, before: number[], after: number[], doubt: string | undefined][] = [
  ["many samples far apart", spread(10_000, 100), spread(10_000, 150), undefined],
  ["many samples near each other", spread(10_000, 100), spread(10_000, 100.2), "chance"],
  ["few samples that differ as much as many", spread(300, 100), spread(300, 103), "chance"],
  ["equal ones", spread(1000, 100), spread(1000, 100), undefined],
  ["hardly any", spread(5, 100), spread(5, 150), "few"],
];

for (const [what, before, after, doubt] of DOUBTS) {
  Deno.test(`compareResults(): p50 of single runs with ${what}: ${doubt ?? "no doubt"}`, () => {
    const figures = compareResults([benchOf(before)], [benchOf(after)]);
    const p50 = figures.find(({ name }) => name === "echo p50")!;
    assert.deepEqual([p50.doubt, p50.verdict], [doubt, undefined]);
  });
}

const RATES: [before: number[], after: number[], verdict: string][] = [
  [[100, 110, 90], [200, 210, 190], "higher"],
  [[200, 210, 190], [100, 110, 90], "lower"],
  [[100, 102, 98], [101, 103, 99], "equal"],
  [[100, 110, 90], [200, 210, 105], "unclear"],
  [[100, 102, 98], [170], "unclear"],
];

for (const [before, after, verdict] of RATES) {
  Deno.test(`compareResults(): rates of ${after} after ${before} are ${verdict}`, () => {
    const [left, right] = [before, after].map((side) => side.map((rate) => benchOf([100], rate)));
    const rate = compareResults(left, right).find(({ name }) => name === "messages/s")!;
    assert.deepEqual([rate.verdict, rate.doubt], [verdict, undefined]);
    const text = compareText(left, right, { names: ["a", "b"], width: 80 });
    assert.match(text, new RegExp(`^messages/s .*${verdict}$`, "m"));
    assert.match(text, new RegExp(`^Medians of ${before.length} and ${after.length} runs`, "m"));
  });
}

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
