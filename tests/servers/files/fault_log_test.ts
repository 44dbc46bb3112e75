import assert from "node:assert/strict";
import { FaultLog } from "../../../servers/files/fault_log.ts";
import { until } from "../../support/until.ts";

Deno.test("FaultLog prints the first of a kind at once, and counts those that follow", async () => {
  const lines: string[] = [];
  const log = new FaultLog((line) => lines.push(line.trimEnd()), { intervalMs: 5 });
  for (let i = 0; i < 10; ++i) log.report("EIO", `line ${i}`);
  log.report("EMFILE", "other");
  assert.deepEqual(lines, ["line 0", "other"]);
  await until(() => lines.length === 3);
  assert.equal(lines[2], "line 9 (and 8 more like it)");
  // After a quiet interval the next one is printed at once again.
  await new Promise((resolve) => setTimeout(resolve, 50));
  log.report("EIO", "late");
  assert.deepEqual(lines.slice(3), ["late"]);
});

Deno.test("FaultLog repeats a single one that followed as it is", async () => {
  const lines: string[] = [];
  const log = new FaultLog((line) => lines.push(line.trimEnd()), { intervalMs: 5 });
  log.report("EIO", "a");
  log.report("EIO", "b");
  await until(() => lines.length === 2);
  assert.deepEqual(lines, ["a", "b"]);
});
