/** The trials of lab `workqueue`, not carried out: `lab_all_test.ts` looks at what they find. */
import assert from "node:assert/strict";
import * as workqueue from "../../servers/workqueue/mod.ts";
import { outOfOrder } from "../../cli/lab/workqueue/trial_state.ts";
import { beginItem, endItem, mostAtOnce, newState } from "../../cli/lab/workqueue/trial_state.ts";

Deno.test("the trials make each call of the workqueue", () => {
  const folder = new URL("../../cli/lab/workqueue/", import.meta.url);
  const text = [...Deno.readDirSync(folder)]
    .map(({ name }) =>
      Deno.readTextFileSync(new URL(name, folder))
        .replace(/^import[\s\S]*?from ".*";$/gm, "")
    )
    .join("\n");
  const names = Object.entries(workqueue).filter(([, value]) => typeof value === "function")
    .map(([name]) => name);
  assert.ok(names.length > 15, names.join());
  // Also handed over as a value, as `map(destroyWorkqueue)`.
  const missing = names.filter((name) => !new RegExp(`\\b${name}\\b`).test(text));
  assert.deepEqual(missing, []);
  const flags = Object.keys(workqueue).filter((name) =>
    /^WQ_(?!FLAGS|MAX_ACTIVE|DFL_ACTIVE)/.test(name)
  );
  assert.deepEqual(flags.filter((name) => !text.includes(name)), []);
});

Deno.test("the state of a trial: how many at once, and in which order", () => {
  const state = newState();
  beginItem(state);
  beginItem(state);
  endItem(state, 1);
  beginItem(state);
  endItem(state, 0);
  endItem(state, 2);
  assert.equal(mostAtOnce(state), 2);
  assert.equal(outOfOrder(state), 1);
});
