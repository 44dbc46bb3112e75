import assert from "node:assert/strict";
import { parseStartAt } from "../../cli/shared/start_at.ts";
import { BENCH, HTSTRESS } from "../bench/runs.ts";
import { echo, startServer } from "../support/echo_servers.ts";
import { startCounting } from "../support/http_load_servers.ts";
import { Launched } from "../support/launch.ts";
import { runMain } from "../support/run_main.ts";

/** A folder with documents of three HTTP runs and an echo run; removed at the end. */
async function useFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [i, name] of ["a", "b", "c"].entries()) {
      const document = { ...HTSTRESS, threads: 1 + i };
      await Deno.writeTextFile(`${folder}/${name}.json`, JSON.stringify(document));
    }
    await Deno.writeTextFile(`${folder}/bench.json`, JSON.stringify(BENCH));
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("ktcp merge: prints the command's summary of all, or one document", async () => {
  await useFolder(async (folder) => {
    const files = ["a", "b", "c"].map((name) => `${folder}/${name}.json`);
    const text = await runMain(["merge", ...files]);
    assert.deepEqual([text.code, text.err], [0, ""]);
    assert.match(text.out, /^\nrequests: {6}3000\ngood requests: 2955 \[98%\]\n/);
    assert.match(
      text.out,
      /\nmerged: {8}3 runs; all of them measured during 2\.00 of 2\.00 s\n$/,
    );
    const json = await runMain(["merge", "--runs", "3", "--json", ...files]);
    const document = JSON.parse(json.out);
    assert.deepEqual(Object.keys(document).slice(0, 2), ["command", "version"]);
    assert.deepEqual([document.merged, document.threads, document.latencyUs.count], [3, 6, 12]);
    const bench = await runMain(["merge", `${folder}/bench.json`]);
    assert.match(bench.out, /^50 clients .*[^]*\nmerged: 1 run\n$/);
  });
});

Deno.test("ktcp merge: exits 1 when --fail-if holds for all together", async () => {
  await useFolder(async (folder) => {
    const files = ["a", "b"].map((name) => `${folder}/${name}.json`);
    const code = async (condition: string) =>
      (await runMain(["merge", "--fail-if", condition, ...files])).code;
    assert.equal(await code("errors>30"), 0);
    assert.equal(await code("errors>29"), 1, "15 in each");
    const { err } = await runMain(["merge", "--fail-if", "max>10ms", ...files]);
    assert.equal(err, "ktcp merge: --fail-if max>10ms: it is 20.0 ms\n");
  });
});

Deno.test("ktcp merge: says which file cannot be merged, and why", async () => {
  await useFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/empty.json`, "");
    const a = `${folder}/a.json`;
    const cases: [args: string[], code: number, err: RegExp][] = [
      [[], 2, /missing required argument 'files'/],
      [[a, a], 2, /'.*a\.json' is named twice; name each file once/],
      [["--runs", "0", a], 2, /--runs <n>' argument '0'/],
      [["--fail-if", "p98>1", a], 2, /'p98' is unknown/],
      [
        [a, `${folder}/none.json`],
        1,
        /Cannot read '.*none\.json': No such file.*; name files that/,
      ],
      [[a, folder], 1, /Cannot read '.*': Is a directory/],
      [[a, `${folder}/empty.json`], 1, /Cannot read '.*empty\.json': it is empty; save runs/],
      [
        [a, `${folder}/bench.json`],
        1,
        /Cannot merge '.*bench\.json': its command is "bench", that/,
      ],
      [["--runs", "3", a], 1, /Cannot merge 1 run as --runs 3: some printed no document/],
      [["--runs", "1", a, `${folder}/b.json`], 1, /Cannot merge 2 runs as --runs 1: name only/],
    ];
    for (const [args, code, err] of cases) {
      const outcome = await runMain(["merge", ...args]);
      assert.deepEqual([outcome.code, outcome.out], [code, ""], args.join(" "));
      assert.match(outcome.err, err);
      assert.equal(
        outcome.err.trimEnd().split("\n").length,
        code,
        "one line, and a hint for usage",
      );
    }
  });
});

Deno.test("ktcp merge: notes what is left out, and runs that did not run together", async () => {
  await useFolder(async (folder) => {
    const later = {
      ...HTSTRESS,
      tides: 3,
      startedAt: "2026-01-31T12:00:01.000000Z",
      endedAt: "2026-01-31T12:00:03.000000Z",
    };
    await Deno.writeTextFile(`${folder}/later.json`, JSON.stringify(later));
    const { code, err } = await runMain(["merge", `${folder}/a.json`, `${folder}/later.json`]);
    assert.equal(code, 0);
    assert.match(err, /left out, because ktcp .* cannot add it: tides\n/);
    assert.match(err, /all runs measured at once for only 1\.00 of 3\.00 s.*with --start-at\n$/);
  });
});

const NOW = Date.UTC(2026, 0, 31, 12);

const START_TIMES: [text: string, expected: number | RegExp][] = [
  ["2026-01-31T12:00:20Z", NOW + 20_000],
  ["2026-01-31T13:00:00.5+01:00", NOW + 500],
  [`@${NOW / 1000 + 20}`, NOW + 20_000],
  [`@${NOW / 1000 + 20}.25`, NOW + 20_250],
  [
    "2026-01-31T11:59:57Z",
    /^It is 3\.0 s ago \(now: 2026-01-31T12:00:00\.000000Z\); write a future time, such as @/,
  ],
  ["2026-01-31T12:00:00Z", /^It is 0\.0 s ago/],
  [`@${NOW}`, /days ahead/],
  ["2026-02-02T12:00:00Z", /^It is 2 days ahead .*at most a day/],
  ["12:00:00", /^Not a time with its offset from UTC; write 2030-01-31T12:00:00Z or @/],
  ["+10s", /^Not a time/],
  ["2026-01-31T12:00:20", /^Not a time/],
];

for (const [text, expected] of START_TIMES) {
  Deno.test(`--start-at ${text} is ${expected}`, () => {
    if (typeof expected === "number") assert.equal(parseStartAt(text, NOW), expected);
    else assert.throws(() => parseStartAt(text, NOW), { message: expected });
  });
}

Deno.test("--start-at: both clients wait until then, and not longer", async () => {
  await using web = startCounting();
  await using echoing = startServer(echo);
  const loads = [
    ["htstress", "-n", "20", "-t", "2", "--warmup", "50ms", web.url],
    ["bench", "-t", "4", "-r", "2", "--warmup", "1", "-p", String(echoing.port)],
  ];
  for (const [command, ...args] of loads) {
    const startMs = Date.now() + 700;
    const at = new Date(startMs).toISOString();
    const { code, out, err } = await runMain([command, "--start-at", at, "--json", ...args]);
    assert.equal(code, 0, err);
    const lateMs = Date.parse(JSON.parse(out).startedAt) - startMs;
    // A busy machine may be late, which a note tells then; never early, up to the clocks' ticks.
    assert.ok(lateMs >= -1 && (lateMs < 100 || err.includes("after --start-at")), `${lateMs} ms`);
  }
});

Deno.test("--start-at: a start that was missed is told; a sweep has none", async () => {
  await using server = startCounting();
  const soon = new Date(Date.now() + 100).toISOString();
  const args = ["htstress", "-n", "1", "--warmup", "400ms", "--start-at", soon, server.url];
  const { code, err } = await runMain(args);
  assert.equal(code, 0, err);
  assert.match(err, /ktcp htstress: started [\d.]+ m?s after --start-at .*; write a later time\n/);
  const later = new Date(Date.now() + 60_000).toISOString();
  const sweep = await runMain(["htstress", "--sweep", "--start-at", later, server.url]);
  assert.equal(sweep.code, 2);
  assert.match(sweep.err, /--start-at and --sweep exclude each other/);
});

Deno.test("--start-at: Ctrl-C ends the wait", async () => {
  await using server = startCounting();
  const later = new Date(Date.now() + 60_000).toISOString();
  await using process = new Launched([
    "htstress",
    "-n",
    "0",
    "--start-at",
    later,
    "--json",
    server.url,
  ]);
  await process.untilErr(/Ctrl-C/);
  process.signal("SIGINT");
  const { code, out } = await process.ended;
  assert.equal(code, 130);
  assert.equal(JSON.parse(out).requests, 0);
});
