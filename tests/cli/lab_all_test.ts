/** `ktcp lab` with all its experiments: the longest run of these tests, so a file of its own. */
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

Deno.test({
  name: "ktcp lab all --quick: every table is filled, nothing fails, the report is valid",
  // Experiments stop servers by signals, and look into /proc.
  ignore: Deno.build.os !== "linux",
  fn: async () => {
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
    for (const { lab, seconds, variants, conclusion, environment } of document.labs) {
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
    assert.deepEqual(await validateHtml(await Deno.readTextFile(`${folder}/report.html`)), []);
    await Deno.remove(folder, { recursive: true });
  },
});
