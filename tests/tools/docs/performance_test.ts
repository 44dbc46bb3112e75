/** docs/performance.md and its pictures are what `deno task charts` makes of the measured figures. */
import assert from "node:assert/strict";
import {
  filledPage,
  filledReadme,
  picturesOf,
  readMeasurements,
} from "../../../tools/docs/performance.ts";

const DOCS = new URL("../../../docs/", import.meta.url);
const measurements = readMeasurements();

Deno.test("docs/performance.md has the tables of docs/performance/*.json", () => {
  const page = Deno.readTextFileSync(new URL("performance.md", DOCS));
  assert.equal(page, filledPage(page, measurements), "run 'deno task charts'");
});

Deno.test("README.md has the table of docs/performance/*.json", () => {
  const page = Deno.readTextFileSync(new URL("../README.md", DOCS));
  assert.equal(page, filledReadme(page, measurements), "run 'deno task charts'");
});

for (const [name, measurement] of measurements) {
  Deno.test(`docs/performance/${name}-*.svg are drawn from ${name}.json`, async () => {
    for (const [file, svg] of await picturesOf(name, measurement)) {
      const written = Deno.readTextFileSync(new URL(`performance/${file}`, DOCS));
      assert.ok(written === svg, `${file} differs: run 'deno task charts'`);
    }
  });

  Deno.test(`docs/performance/${name}.json says by what, when and where it was measured`, () => {
    const { command, environment, rows } = measurement;
    assert.match(command, /^deno task bench:/);
    assert.ok(!Number.isNaN(Date.parse(environment.date)), environment.date);
    assert.ok(environment.machine.cores >= 1 && environment.kernel !== "");
    assert.ok(rows.length > 0);
  });
}

Deno.test("filledPage: a page without the place is refused", () => {
  assert.throws(() => filledPage("# How fast\n", measurements), /has no place for/);
});
