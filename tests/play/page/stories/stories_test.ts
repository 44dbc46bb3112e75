/** The stories as data: one for each lab, possible to set up, and one prediction for each outcome. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { FIGURES, type RunFigures } from "../../../../play/page/runs/figures.ts";
import { SERVER_FIELDS } from "../../../../play/page/setup/fields.ts";
import { borneOut, lackingEngines, setupOf } from "../../../../play/page/stories/run_story.ts";
import { STORIES } from "../../../../play/page/stories/stories.ts";
import { LABS, type Text } from "../../../../play/page/stories/story.ts";
import type { Machine, ServerSetup } from "../../../../play/protocol.ts";
import { readSetup } from "../../../../play/setup.ts";
import { ENGINES } from "../../../../servers/net/engine_options.ts";

const MACHINE: Machine = {
  version: "0.0.0",
  cpus: 1,
  os: "linux",
  kernel: "6.12",
  engines: [...ENGINES],
  limits: { servers: 4, clients: 500, ratePerSecond: 1000, durationMs: 60_000 },
  tools: [],
};

const NAMES = FIGURES.map(({ name }) => name);

/** Figures of a step: mostly known, of any size, and often those at which predictions part. */
const figures: fc.Arbitrary<RunFigures> = fc.record(
  Object.fromEntries(NAMES.map((name) => [
    name,
    fc.option(fc.oneof(
      fc.constantFrom(0, 1, 4, 5, 6, 7, 100, 300, 1000, 1200, 3000, 900_000),
      fc.double({ min: 0, max: 1e6, noNaN: true }),
    )),
  ])),
) as unknown as fc.Arbitrary<RunFigures>;

Deno.test("stories: there is one for each lab", () => {
  const pages = [...Deno.readDirSync(new URL("../../../../docs/labs", import.meta.url))]
    .map(({ name }) => name.replace(/\.md$/, ""));
  assert.deepEqual(LABS.toSorted(), pages.sort());
  for (const lab of LABS) assert.equal(STORIES[lab].lab, lab);
});

Deno.test("stories: questions are those of the labs' pages", () => {
  for (const lab of LABS) {
    for (const [folder, language] of [["", "en"], ["zh-TW/", "zh-TW"]] as const) {
      const url = new URL(`../../../../docs/${folder}labs/${lab}.md`, import.meta.url);
      const stated = Deno.readTextFileSync(url).match(/^_(.+)_$/m)![1].replaceAll("`", "");
      assert.equal(STORIES[lab].question[language], stated, lab);
    }
  }
});

for (const lab of LABS) {
  const story = STORIES[lab];

  Deno.test(`story ${lab}: every step can be set up, also on a machine with one CPU`, () => {
    for (const step of story.steps) {
      const { server, load } = setupOf(step, MACHINE);
      readSetup({ servers: [server], load, story: lab }, MACHINE.cpus);
      const here = { machine: MACHINE, services: [server.service] };
      for (const field of SERVER_FIELDS) {
        if (field.kind !== "choice") continue;
        const value = server[field.key as keyof ServerSetup] ?? field.choices[0];
        assert.equal(field.refused?.(String(value), server, here) ?? null, null, field.key);
      }
    }
    assert.deepEqual(lackingEngines(story, MACHINE), []);
  });

  Deno.test(`story ${lab}: what differs from a default does something`, () => {
    for (const step of story.steps) {
      const { server } = setupOf(step, MACHINE);
      const here = { machine: MACHINE, services: [server.service] };
      for (const field of SERVER_FIELDS) {
        // A machine with one CPU has one Worker in any case; models that have no Workers get it too.
        if (field.key === "workers" || field.key === "maxActive") continue;
        if (!(field.key in step.server)) continue;
        assert.equal(field.disabled?.(server, here) ?? null, null, field.key);
      }
    }
  });

  Deno.test(`story ${lab}: no outcome bears out two predictions, and figures that are unknown none`, () => {
    const { choices } = story.predict;
    fc.assert(fc.property(
      fc.array(figures, { minLength: story.steps.length, maxLength: story.steps.length }),
      (outcome) => {
        const held = choices.filter(({ holds }) => holds(outcome)).map(({ id }) => id);
        assert.ok(held.length <= 1, String(held));
      },
    ));
    const unknown = Object.fromEntries(NAMES.map((name) => [name, null])) as unknown as RunFigures;
    assert.equal(borneOut(story, story.steps.map(() => unknown)), null);
    assert.equal(borneOut(story, []), null);
    assert.equal(new Set(choices.map(({ id }) => id)).size, choices.length);
  });

  Deno.test(`story ${lab}: each prediction can come true`, () => {
    const reached = new Set<string>();
    const sizes = [0, 0.05, 0.2, 0.5, 0.75, 1, 2, 4, 5, 10, 50, 150, 500, 800, 1500, 5000, 1e6];
    const step = (value: number) =>
      Object.fromEntries(NAMES.map((name) => [name, value])) as unknown as RunFigures;
    for (const one of sizes) {
      for (const rest of sizes) {
        // One of the steps differs from the others.
        story.steps.forEach((_, odd) => {
          const outcome = story.steps.map((_, i) => step(i === odd ? one : rest));
          for (const errors of [null, 0]) {
            const seen = outcome.map((figures) => ({
              ...figures,
              errors: errors ?? figures.errors,
            }));
            const right = borneOut(story, seen);
            if (right) reached.add(right.id);
          }
        });
      }
    }
    assert.deepEqual([...reached].sort(), story.predict.choices.map(({ id }) => id).sort());
  });

  Deno.test(`story ${lab}: is told in both languages`, () => {
    const texts: Text[] = [
      story.question,
      story.meaning,
      story.predict.question,
      ...story.near ? [story.near] : [],
      ...story.look,
      ...story.predict.choices.map(({ text }) => text),
      ...story.steps.map(({ label }) => label),
    ];
    for (const text of texts) {
      assert.ok(text.en && text["zh-TW"]);
      if (text.en.length > 30) assert.match(text["zh-TW"], /\p{Script=Han}/u);
    }
    assert.ok(story.figures.length > 0 && story.look.length > 0);
  });
}
