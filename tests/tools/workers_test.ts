import assert from "node:assert/strict";
import { findWorkers } from "../../tools/executable/workers.ts";

/** Runs `body` with a tree of `files` below a folder that has all of the source folders. */
function inTree(files: Record<string, string>, body: (root: string) => void): void {
  const root = Deno.makeTempDirSync();
  try {
    for (const folder of ["core", "system", "servers/models", "bench", "play", "cli"]) {
      Deno.mkdirSync(`${root}/${folder}`, { recursive: true });
    }
    for (const [path, text] of Object.entries(files)) {
      Deno.writeTextFileSync(`${root}/${path}`, text);
    }
    body(root);
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
}

const start = (path: string) =>
  `new Worker(new URL("${path}", import.meta.url), { type: "module" })`;

Deno.test("findWorkers() finds entries by their URL, once each, relative to the root", () => {
  inTree({
    "bench/load.ts": start("./load_worker.ts"),
    "bench/load_worker.ts": "",
    "servers/mod.ts":
      `const entry = new URL(\n  "./models/pool_worker.ts",\n  import.meta.url,\n);`,
    "servers/models/pool.ts": start("./pool_worker.ts"),
    "servers/models/pool_worker.ts": "",
  }, (root) => {
    assert.deepEqual(findWorkers(root), ["bench/load_worker.ts", "servers/models/pool_worker.ts"]);
  });
});

Deno.test("findWorkers() reads no comments and no other URLs", () => {
  inTree({
    "cli/a.ts": `/** Like \`${start("./b_worker.ts")}\`. */\n  // ${start("./c_worker.ts")}
      new URL("./data.json", import.meta.url); new URL("http://a/b.ts");`,
  }, (root) => assert.deepEqual(findWorkers(root), []));
});

Deno.test("findWorkers() refuses an entry that does not exist", () => {
  inTree({ "cli/a.ts": start("./gone_worker.ts") }, (root) => {
    assert.throws(() => findWorkers(root), /gone_worker\.ts/);
  });
});

Deno.test("findWorkers() refuses two entries of one file name", () => {
  inTree({
    "cli/a.ts": start("./worker.ts") + ";" + start("../bench/worker.ts"),
    "cli/worker.ts": "",
    "bench/worker.ts": "",
  }, (root) => {
    assert.throws(() => findWorkers(root), /bench\/worker\.ts and cli\/worker\.ts|must not both/);
  });
});
