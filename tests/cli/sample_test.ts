/** `--sample` of the loads: intervals as lines of JSON, which add up to the document behind them. */
import assert from "node:assert/strict";
import type { LatencyCounts, LoadSample } from "../../bench/load_sample.ts";
import { type LoadCommand, type LoadEnd, startLoad } from "../../bench/processes/load.ts";
import { startServer } from "../../bench/processes/server.ts";
import { fromCompressed } from "../../bench/stats/hdr_text.ts";
import { Process } from "../../system/process.ts";
import { selfCommand } from "../../cli/shared/self_command.ts";
import { eachEngine } from "../support/client_engines.ts";
import { run } from "../support/launch.ts";
import { runMain } from "../support/run_main.ts";

const self = selfCommand();

/** A load that runs, its samples so far. */
interface Sampled {
  samples: LoadSample[];
  end: LoadEnd;
}

/** Runs a load against a server of its own, and ends it after `stopAfter` samples. */
async function sampled(
  command: LoadCommand,
  args: string,
  { stopAfter = Infinity } = {},
): Promise<Sampled> {
  const service = command === "bench" ? "echo" : "http";
  const server = await startServer(service, ["--model", "single"], { self });
  try {
    const { port } = server;
    const target = command === "bench" ? ["--port", `${port}`] : [`http://127.0.0.1:${port}/`];
    const samples: LoadSample[] = [];
    const load = startLoad(command, [...args.split(" "), ...target], {
      self,
      sampleMs: 50,
      onSample(sample) {
        samples.push(sample);
        if (samples.length === stopAfter) load.stop();
      },
    });
    return { samples, end: await load.ended };
  } finally {
    await server.stop();
  }
}

function total({ counts }: LatencyCounts): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Checks that the intervals follow each other, and that their latencies are those of `hdr`. */
function assertWhole(
  samples: readonly LoadSample[],
  hdr: Record<string, string>,
  names: { latency: string; connect: string },
): void {
  samples.slice(1).forEach(({ startMs }, i) => {
    assert.ok(startMs >= samples[i].startMs, "in order");
    assert.ok(startMs <= samples[i].endMs + 1, "without a gap");
  });
  for (const kind of ["latency", "connect"] as const) {
    const whole = fromCompressed(hdr[names[kind]]);
    const all = samples.reduce((sum, sample) => sum + total(sample[kind]), 0);
    assert.equal(all, whole.count, kind);
    const edges = [...new Set(samples.flatMap((sample) => sample[kind].upToUs))]
      .sort((a, b) => a - b);
    let upTo = 0;
    // At the edge of a bucket, histograms tell latencies apart to a thousandth of them.
    const least = whole.countsUpTo(edges.map((edge) => 0.999 * edge));
    const most = whole.countsUpTo(edges.map((edge) => 1.001 * edge));
    edges.forEach((edge, i) => {
      upTo += samples.reduce((sum, { [kind]: { upToUs, counts } }) => {
        const at = upToUs.indexOf(edge);
        return sum + (at < 0 ? 0 : counts[at]);
      }, 0);
      const text = `${kind}: ${upTo} of ${whole.count} up to ${edge} us`;
      assert.ok(least[i] <= upTo && upTo <= most[i], `${text}, not ${least[i]} to ${most[i]}`);
    });
  }
}

const RATE = "--rate 20000";

eachEngine("ktcp bench --sample: intervals add up to the result", async (engine) => {
  const args = `--engine ${engine} --threads 20 --rounds 2 --messages 300 --warmup 1`;
  const { samples, end } = await sampled("bench", args);
  assert.equal(end.code, 0, end.lastLine);
  const result = end.result as unknown as { ok: number; hdr: Record<string, string> };
  assert.equal(result.ok, 20 * 2 * 300);
  assertWhole(samples, result.hdr, { latency: "echoUs", connect: "connectUs" });
  assert.equal(samples.reduce((sum, { answers }) => sum + answers, 0), result.ok);
  const { totals } = samples.at(-1)!;
  assert.deepEqual(totals, {
    done: result.ok,
    failed: 0,
    bytesIn: 64 * result.ok,
    statuses: {},
    errors: {},
    open: 0,
    unsent: null,
  });
});

eachEngine("ktcp bench --rate --sample: SIGTERM ends it, with the document", async (engine) => {
  // More than any server answers: something is always due.
  const args = `--engine ${engine} --threads 20 --rounds 1 --messages 1000000 --rate 2000000`;
  const { samples, end } = await sampled("bench", args, { stopAfter: 4 });
  assert.equal(end.code, 130, end.lastLine);
  const result = end.result as unknown as { ok: number; hdr: Record<string, string> };
  assertWhole(samples, result.hdr, { latency: "echoUs", connect: "connectUs" });
  const { totals: { done, unsent }, endMs } = samples.at(-1)!;
  assert.equal(done, result.ok);
  // What is under way is neither done nor unsent: a message of each client at most.
  const due = (endMs - samples[0].startMs) * 2000;
  assert.ok(unsent! > 0 && unsent! < due - done, `${unsent} of ${due}, ${done} done`);
  assert.ok(unsent! > 0.8 * due - done, `${unsent} of ${due}, ${done} done`);
});

eachEngine("ktcp htstress --sample: intervals add up to the result", async (engine) => {
  const args = `--engine ${engine} -n 4000 -c 8 ${RATE} --duration 400ms --warmup 100ms`;
  const { samples, end } = await sampled("htstress", args);
  assert.equal(end.code, 0, end.lastLine);
  const result = end.result as unknown as {
    good: number;
    statuses: Record<string, number>;
    schedule: { unsent: number };
    hdr: Record<string, string>;
  };
  assertWhole(samples, result.hdr, { latency: "latencyUs", connect: "connectUs" });
  assert.equal(samples.reduce((sum, { answers }) => sum + answers, 0), result.good);
  const { totals } = samples.at(-1)!;
  assert.equal(totals.done, result.good);
  assert.deepEqual(totals.statuses, result.statuses);
  assert.equal(totals.unsent, result.schedule.unsent);
});

eachEngine("ktcp htstress --sample: SIGTERM ends it, with the document", async (engine) => {
  const args = `--engine ${engine} -k -c 8 --rate 5000000 --duration 60s`;
  const { samples, end } = await sampled("htstress", args, { stopAfter: 4 });
  assert.equal(end.code, 130, end.lastLine);
  const result = end.result as unknown as {
    good: number;
    schedule: { unsent: number };
    hdr: Record<string, string>;
  };
  assertWhole(samples, result.hdr, { latency: "latencyUs", connect: "connectUs" });
  const { totals } = samples.at(-1)!;
  assert.equal(totals.done, result.good);
  assert.equal(totals.unsent, result.schedule.unsent);
  assert.ok(samples[1].totals.unsent! > 0, "live");
});

const REFUSED: [args: string, message: RegExp][] = [
  ["bench --sample 100", /^ktcp bench: --sample '100' needs --json/],
  [
    "bench --sample 49 --json",
    /^ktcp bench: .*--sample.*'49'.* Not a whole number from 50 to 10000/,
  ],
  ["bench --sample 10001 --json", /'10001'/],
  ["htstress --sample 100 localhost:1", /^ktcp htstress: --sample '100' needs --json/],
  ["htstress --sample 100ms --json localhost:1", /'100ms'/],
  [
    "htstress --sample 100 --json --sweep 1,2 localhost:1",
    /^ktcp htstress: --sample '100' and --sweep exclude each other/,
  ],
];

for (const [args, message] of REFUSED) {
  Deno.test(`ktcp ${args}: is a usage error`, async () => {
    const { code, err } = await runMain(args.split(" "));
    assert.equal(code, 2);
    assert.match(err, message);
  });
}

for (
  const [reader, code, message] of [
    // A full disk.
    ["> /dev/full", 1, /^ktcp bench: cannot write to stdout: .*\n$/],
    ["| head -1 > /dev/null", 0, /^$/],
  ] as const
) {
  Deno.test({
    name: `ktcp bench --sample ${reader}: the load goes on to its end`,
    ignore: Deno.build.os !== "linux",
    fn: async () => {
      const server = await startServer("echo", ["--model", "single"], { self });
      try {
        const { path, args } = self;
        const load = ["--threads", "2", "--rounds", "1", "--messages", "200", "--think", "1ms"];
        const own = ["bench", "--json", "--sample", "50", ...load, "--port", `${server.port}`];
        const script = `"$@" ${reader}; exit ${reader.startsWith("|") ? "0" : "$?"}`;
        await using process = new Process(["sh", "-c", script, "sh", path, ...args, ...own]);
        const outcome = await process.ended;
        assert.equal(outcome.code, code, outcome.err);
        assert.match(outcome.err, message);
      } finally {
        const summary = await server.stop();
        assert.equal(summary?.served, 1 + 400, "the first echo, and all messages");
      }
    },
  });
}

Deno.test("ktcp bench --json: one document of several lines without --sample", async () => {
  const server = await startServer("echo", ["--model", "single"], { self });
  try {
    const { out } = await run(
      ["bench", "--threads", "1", "--rounds", "1", "--json", "--port"].concat(`${server.port}`),
    );
    assert.match(out, /^\{\n {2}"command": "bench",\n/);
    assert.equal(JSON.parse(out).ok, 1);
  } finally {
    await server.stop();
  }
});

Deno.test("--sample is not in the help", async () => {
  for (const command of ["bench", "htstress"]) {
    assert.doesNotMatch((await runMain([command, "--help"])).out, /--sample/);
  }
});
