/** What is served while names change places between a directory inside and a link that leads out. */
import assert from "node:assert/strict";
import { isAtRest, wasReachedInside } from "../../../servers/files/containment.ts";
import type { PathInfo } from "../../../servers/files/disk.ts";
import { Files, isGone } from "../../../servers/files/files.ts";
import { withTree } from "./tree.ts";

const plain = { followSymlinks: false, dotfiles: false };
/** Long enough for thousands of looks, of which hundreds led out without a proof. */
const RACE_MS = 1500;

const TREE = {
  "www/d/both.txt": "inside",
  "www/d/inside.txt": "inside",
  "www/d/e/both.txt": "inside",
  "www/a.txt": "inside",
  "out/both.txt": "SECRET!",
  "out/secret.txt": "SECRET!",
  "out/e/both.txt": "SECRET!",
  "out/e/secret.txt": "SECRET!",
};

/** Exchanges the names `a` and `b` all the while `use` runs. */
async function whileExchanging(a: string, b: string, use: () => Promise<void>): Promise<void> {
  const worker = new Worker(new URL("./exchange_worker.ts", import.meta.url), { type: "module" });
  const isOver = new Int32Array(new SharedArrayBuffer(4));
  const answer = () =>
    new Promise<void>((resolve, reject) => {
      worker.onmessage = () => resolve();
      worker.onerror = (event) => reject(new Error(event.message));
    });
  try {
    const begun = answer();
    worker.postMessage({ paths: [a, b], isOver });
    await begun;
    const over = answer();
    try {
      await use();
    } finally {
      Atomics.store(isOver, 0, 1);
      await over;
    }
  } finally {
    worker.terminate();
  }
}

/** Whether a file is served; if it is, it has to be one from inside. */
function isServed(files: Files, path: string): boolean {
  const bytes = files.load(path, 100)?.bytes;
  if (bytes === undefined) return false;
  assert.equal(new TextDecoder().decode(bytes), "inside", path);
  return true;
}

Deno.test("Files gives out no content and no name from outside, however names are exchanged", {
  ignore: Deno.build.os !== "linux",
}, () =>
  withTree(TREE, async (base) => {
    const root = `${base}/www`;
    Deno.symlinkSync("../out", `${root}/x`);
    Deno.symlinkSync("d/both.txt", `${root}/link.txt`);
    const files = new Files(root, plain);
    await whileExchanging(`${root}/d`, `${root}/x`, async () => {
      const endMs = performance.now() + RACE_MS;
      while (performance.now() < endMs) {
        for (let n = 0; n < 10; ++n) {
          for (const path of ["d/both.txt", "d/e/both.txt", "link.txt", "d/secret.txt"]) {
            isServed(files, path);
          }
          assert.ok(isServed(files, "a.txt"), "what stands in the root itself is not concerned");
        }
        for (const path of ["d", "d/e", ""]) {
          let entries;
          try {
            entries = (await files.entries(path)).flatMap((pack) => [...pack]);
          } catch (error) {
            // No directory is there at the moment.
            assert.ok(isGone(error), String(error));
            continue;
          }
          for (const { name, kind, size } of entries) {
            assert.notEqual(name, "secret.txt", `listing of ${path}/`);
            if (kind === "file") assert.equal(size, "inside".length, `${path}/${name}`);
          }
        }
      }
    });
    // At rest again, whichever of both names the directory has.
    const name = Deno.lstatSync(`${root}/d`).isDirectory ? "d" : "x";
    assert.ok(isServed(files, `${name}/both.txt`));
    const entries = (await files.entries(name)).flatMap((pack) => [...pack]);
    assert.deepEqual(entries.map((entry) => entry.name).sort(), ["both.txt", "e", "inside.txt"]);
  }));

Deno.test("Files serves and lists below a directory that is never at rest", () =>
  withTree(TREE, async (base) => {
    const files = new Files(`${base}/www`, plain);
    Deno.symlinkSync("e/both.txt", `${base}/www/d/link.txt`);
    Deno.symlinkSync("../../out/secret.txt", `${base}/www/d/secret.txt`);
    for (let n = 0; n < 20; ++n) {
      Deno.writeTextFileSync(`${base}/www/${n}`, "x");
      assert.ok(isServed(files, "d/e/both.txt"));
      Deno.writeTextFileSync(`${base}/www/d/inside.txt`, "x".repeat(n));
      const entries = (await files.entries("d")).flatMap((pack) => [...pack]);
      const shown = entries.map(({ name, kind, size }) => `${name} ${kind} ${size}`).sort();
      assert.deepEqual(shown, [
        "both.txt file 6",
        "e directory 0",
        `inside.txt file ${n}`,
        "link.txt file 6",
      ]);
    }
  }));

Deno.test("isAtRest() holds when no directory above the last has changed", () =>
  withTree({ "a/b/c.txt": "x", "f.txt": "x" }, (root) => {
    const nowMs = Date.now();
    const laterMs = nowMs + 5000;
    const cases: [path: string, sinceMs: number, isHeld: boolean][] = [
      ["f.txt", nowMs, true],
      ["a/b/c.txt", nowMs, false],
      ["a/b/c.txt", laterMs, true],
      ["a/b/", laterMs, true],
      ["link/c.txt", laterMs, false],
      ["f.txt/c.txt", laterMs, false],
    ];
    Deno.symlinkSync("a/b", `${root}/link`);
    for (const [path, sinceMs, isHeld] of cases) {
      assert.equal(
        isAtRest(root, `${root}/${path}`, sinceMs),
        isHeld,
        `${path} ${sinceMs - nowMs}`,
      );
    }
    // A ctime that was set back is not possible; an mtime is, and does not matter.
    Deno.utimeSync(root, new Date(0), new Date(0));
    assert.equal(isAtRest(root, `${root}/a/x`, nowMs), false);
    assert.throws(() => isAtRest(root, `${root}/none/x`, nowMs), Deno.errors.NotFound);
    // The last directory may change: its entries are inside.
    Deno.utimeSync(`${root}/a/b`, new Date(), new Date(laterMs + 60_000));
    assert.equal(isAtRest(root, `${root}/a/b/c.txt`, laterMs), true);
    Deno.utimeSync(`${root}/a`, new Date(), new Date(laterMs + 60_000));
    assert.equal(isAtRest(root, `${root}/a/b/c.txt`, laterMs), false);
  }));

Deno.test("wasReachedInside() asks for every directory and for what stands at the end", () =>
  withTree({ "a/b/c.txt": "x", "f.txt": "x" }, (root) => {
    Deno.symlinkSync("a", `${root}/link`);
    const { ino } = Deno.statSync(`${root}/a/b/c.txt`);
    const isSame = (info: PathInfo) => info.ino === ino;
    assert.equal(wasReachedInside(root, `${root}/a/b/c.txt`, isSame), true);
    assert.equal(wasReachedInside(root, `${root}/link/b/c.txt`, isSame), false);
    assert.equal(wasReachedInside(root, `${root}/a/b/c.txt`, () => false), false);
    assert.equal(wasReachedInside(root, `${root}/f.txt`, () => false), false);
    assert.throws(
      () => wasReachedInside(root, `${root}/a/none/c.txt`, isSame),
      Deno.errors.NotFound,
    );
  }));
