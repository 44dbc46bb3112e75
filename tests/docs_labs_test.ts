/** Each lab has a page, all pages have one shape, and the list of labs names them. */
import assert from "node:assert/strict";
import { LABS } from "../bench/lab/labs.ts";

const DOCS = new URL("../docs/", import.meta.url);

const HEADINGS = [
  "## Background",
  "## How it maps to the code",
  "## Predict first",
  "## Reading the figures",
  "## Exercises",
  "## References",
];

/** What `--quick` promises for all labs together. */
const QUICK_SECONDS = 240;

/** What a reader waits for one lab at the most. */
const FULL_SECONDS = 120;

Deno.test("LABS: together they take no longer than --quick promises", () => {
  const sum = LABS.reduce((sum, { seconds }) => sum + seconds.quick, 0);
  assert.ok(sum <= QUICK_SECONDS, `${sum} s`);
});

for (const path of ["README.md", "zh-TW/README.md"]) {
  Deno.test(`docs/${path} lists the labs in the order in which they run`, () => {
    const text = Deno.readTextFileSync(new URL(path, DOCS));
    const listed = Array.from(text.matchAll(/^\| \[(\w+)\]\(labs\/\1\.md\)/gm), ([, name]) => name);
    assert.deepEqual(listed, LABS.map(({ name }) => name));
  });
}

for (const { name, question, seconds } of LABS) {
  Deno.test(`LABS: ${name} has a question and durations`, () => {
    assert.match(question, /\?$/);
    assert.ok(seconds.quick >= 1 && seconds.full >= seconds.quick, `${seconds.quick} s`);
    assert.ok(seconds.full <= FULL_SECONDS, `${seconds.full} s`);
  });

  Deno.test(`docs/labs/${name}.md has the shape of a lab's page`, () => {
    const text = Deno.readTextFileSync(new URL(`labs/${name}.md`, DOCS));
    assert.ok(text.startsWith(`# Lab: ${name}\n\n_`), "its title, and its question");
    assert.match(text, new RegExp(`^\`\`\`sh\nktcp lab ${name}\\b`, "m"));
    assert.deepEqual(text.match(/^## .*$/gm), HEADINGS);
  });
}
