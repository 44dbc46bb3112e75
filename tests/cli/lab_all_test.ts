/**
 * `ktcp lab` with all its experiments: the longest run of these tests, so a file of its own. What an
 * experiment finds on every machine is read from the document of this run.
 */
import assert from "node:assert/strict";
import { LABS } from "../../bench/lab/labs.ts";
import { run } from "../support/launch.ts";
import { Marker } from "../support/marked_processes.ts";
import { validateHtml } from "../support/report_checks.ts";

/** What takes longer has hung, also on a machine that is busy. */
const DEADLINE_MS = 400_000;

const NAMES = LABS.map(({ name }) => name);

Deno.test("ktcp lab list: names, durations and questions", async () => {
  const { code, out } = await run(["lab", "list"]);
  assert.equal(code, 0);
  const lines = out.trimEnd().split("\n").slice(1);
  assert.deepEqual(lines.map((line) => line.split(" ")[0]), NAMES);
  for (const line of lines) assert.match(line, /^\S+ +[1-9]\d* s +[1-9]\d* s {2}\S.*\?$/);
  const { labs } = JSON.parse((await run(["lab", "list", "--json"])).out);
  assert.deepEqual(labs.map(({ lab }: { lab: string }) => lab), NAMES);
});

/** A variant of the document. Figures are those of its only run. */
interface Variant {
  name: string;
  group: string;
  label: string;
  failed: number;
  runs: number;
  samples: Record<string, number>[];
}

/** An experiment of the document. */
interface Result {
  lab: string;
  seconds: number;
  variants: Variant[];
  conclusion: string;
  environment: { quick: boolean; machine: { cores: number } };
}

/** The figures of lab `shutdown` that count what became of connections. */
const SHUTDOWN = {
  "killed": { answered: 0, cutOff: 6, idleEnded: 6 },
  "told, no grace": { answered: 0, cutOff: 6, idleEnded: 6 },
  "told, drained": { answered: 6, cutOff: 0, idleEnded: 6 },
};

/** Whether a figure is as it has to be: equal, or within bounds. */
type Expected = number | ((value: number) => boolean);

const atLeast = (least: number): Expected => (value) => value >= least;
const between = (least: number, most: number): Expected => (value) =>
  value >= least && value <= most;

/** What trials of lab `workqueue` find on every machine, by group and label. */
const WORKQUEUE: Record<string, Record<string, Record<string, Expected>>> = {
  // A deadlock wherever one item runs at a time, and only there.
  "A waits for B": {
    "old, one thread": { deadlocks: 1 },
    "old, a thread per CPU": { deadlocks: 1 },
    "CMWQ, bound": { deadlocks: 0 },
    "CMWQ, unbound": { deadlocks: 0 },
    "CMWQ, max_active 1": { deadlocks: 1 },
  },
  // The old ones have threads of their own.
  "many queues": {
    "old, one thread": { threads: 6 },
    "old, a thread per CPU": { threads: 12 },
    "CMWQ, bound": { threads: between(2, 4) },
  },
  // An old queue waits for it.
  "blocked head": { "old, a thread per CPU": { endMaxUs: atLeast(95_000) } },
  "max_active": { "max_active 1": { mostAtOnce: 1 }, "max_active 4": { mostAtOnce: 4 } },
  "order": { "ordered queue": { mostAtOnce: 1, outOfOrder: 0 } },
  "no Worker to be had": { "flags 0": { rescued: 0 }, "WQ_MEM_RECLAIM": { rescued: atLeast(1) } },
  // Each call waits for what it says, and no more.
  "waiting for the end": {
    "flush_work": { itemsEnded: between(3, 9) },
    "flush_workqueue": { itemsEnded: atLeast(10), itemsLeft: atLeast(1), refused: 0 },
    "drain_workqueue": { itemsEnded: 12, refused: 5, itemsLeft: 2 },
    "destroy_workqueue": { itemsEnded: 14, refused: 5, itemsLeft: 0 },
  },
  "delay and cancel": {
    // The first delay is 5 s.
    "mod_delayed_work": { totalUs: between(19_000, 4_000_000) },
    "cancel_delayed_work": { itemsEnded: 0, itemsLeft: 1 },
    "cancel_work": { itemsEnded: 1, itemsLeft: 9 },
    "freeze_workqueues": { itemsEnded: 1, itemsLeft: 9 },
    "killWork": { itemsEnded: 10, itemsLeft: 0 },
  },
};

function checkShutdown({ variants, conclusion }: Result): void {
  const outcome = variants.map(({ label, samples: [{ answered, cutOff, idleEnded }] }) => [
    label,
    { answered, cutOff, idleEnded },
  ]);
  assert.deepEqual(Object.fromEntries(outcome), SHUTDOWN);
  assert.match(conclusion, /^told, drained: 6 of 6 requests in flight were answered/m);
}

function checkWorkqueue({ variants }: Result): void {
  for (const [group, labels] of Object.entries(WORKQUEUE)) {
    for (const [label, figures] of Object.entries(labels)) {
      const sample = variants.find((one) => one.group === group && one.label === label)!.samples[0];
      for (const [key, expected] of Object.entries(figures)) {
        const isRight = typeof expected === "number"
          ? sample[key] === expected
          : expected(sample[key]);
        assert.ok(isRight, `${group}: ${label}: ${key} is ${sample[key]}`);
      }
    }
  }
}

Deno.test({
  name: "ktcp lab all --quick: every table is filled, nothing fails, the findings are right",
  // Experiments stop servers by signals, and look into /proc.
  ignore: Deno.build.os !== "linux",
  fn: async (t) => {
    const folder = await Deno.makeTempDir();
    const marker = new Marker();
    const args = ["--quick", "--rounds", "1", "--json", "--report", `${folder}/report.html`];
    const { code, out, err } = await run(["lab", "all", ...args], {
      env: marker.env,
      deadlineMs: DEADLINE_MS,
    });
    assert.equal(code, 0, err);
    const document = JSON.parse(out);
    assert.equal(document.command, "lab");
    assert.deepEqual(document.labs.map(({ lab }: { lab: string }) => lab), NAMES);
    const results: Result[] = document.labs;
    for (const { lab, seconds, variants, conclusion, environment } of results) {
      // One round instead of three, on a machine that may be busy with much else.
      const { quick } = LABS.find(({ name }) => name === lab)!.seconds;
      assert.ok(seconds <= 5 * quick + 10 && quick <= 6 * seconds + 1, `${lab}: ${seconds} s`);
      assert.ok(variants.length >= 2, lab);
      for (const variant of variants) {
        assert.equal(variant.failed, 0, variant.name);
        assert.equal(variant.runs, 1, variant.name);
        assert.ok(Object.keys(variant.samples[0]).length >= 1, variant.name);
      }
      assert.match(conclusion, /\d/);
      assert.ok(environment.machine.cores >= 1 && environment.quick);
    }
    assert.deepEqual(marker.processes(), []);
    const resultOf = (name: string) => results.find(({ lab }) => lab === name)!;
    await t.step("the report is valid", async () => {
      assert.deepEqual(await validateHtml(await Deno.readTextFile(`${folder}/report.html`)), []);
      await Deno.remove(folder, { recursive: true });
    });
    await t.step(
      "shutdown: a drained server answers what is in flight, a killed one does not",
      () => checkShutdown(resultOf("shutdown")),
    );
    await t.step(
      "workqueue: trials find what does not depend on the machine",
      () => checkWorkqueue(resultOf("workqueue")),
    );
  },
});
