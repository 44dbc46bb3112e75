import assert from "node:assert/strict";
import type { Entry } from "../../../servers/files/entry_pack.ts";
import { Files, type OpenFile } from "../../../servers/files/files.ts";
import { run, withTree } from "./tree.ts";

const plain = { followSymlinks: false, dotfiles: false };
const following = { followSymlinks: true, dotfiles: false };
const isRoot = Deno.uid() === 0;

function kinds(files: Files, paths: string[]): string {
  return paths.map((path) => files.find(path).kind).join(" ");
}

async function read(file: OpenFile, length: number, position: number): Promise<string> {
  const target = new Uint8Array(length);
  return new TextDecoder().decode(target.subarray(0, await file.read(target, position)));
}

async function entriesOf(files: Files): Promise<Entry[]> {
  return (await files.entries("")).flatMap((pack) => [...pack]);
}

Deno.test("Files.find() tells files, directories and nothing apart", () =>
  withTree({ "a.txt": "hello", "d/b.txt": "b" }, (root) => {
    for (const spelling of [root, root + "/", root + "//", root + "/d/.."]) {
      const files = new Files(spelling, plain);
      assert.equal(kinds(files, ["", "a.txt", "d", "d/b.txt"]), "directory file directory file");
      const missing = ["none", "a.txt/x", "d/none/x", "x".repeat(300), "x/".repeat(3000), "nul\0"];
      for (const path of missing) assert.equal(files.find(path).kind, "missing", path.slice(0, 20));
      const found = files.find("a.txt");
      assert.equal(found.kind === "file" && found.facts.size, 5);
    }
  }));

Deno.test("Files.canList() opens nothing but a directory, and never waits for a FIFO", () =>
  withTree({ "a.txt": "x", "d/b.txt": "b" }, (root) => {
    run("mkfifo", root + "/fifo");
    const files = new Files(root, plain);
    for (const path of ["", "d"]) assert.ok(files.canList(path), path);
    for (const path of ["a.txt", "fifo", "none"]) assert.ok(!files.canList(path), path);
  }));

Deno.test("Files refuses a root that is no directory", () =>
  withTree({ "a.txt": "x" }, (root) => {
    assert.throws(() => new Files(root + "/a.txt", plain), Deno.errors.NotADirectory);
    assert.throws(() => new Files(root + "/none", plain), Deno.errors.NotFound);
  }));

Deno.test("Files serves the whole file system under the root /", () =>
  withTree({ "a.txt": "hello" }, (root) => {
    const files = new Files("/", plain);
    assert.equal(kinds(files, ["", root.slice(1) + "/a.txt"]), "directory file");
  }));

Deno.test("Files.find() does not follow links out of the root, unless asked to", () =>
  withTree(
    { "www/in.txt": "in", "www/sub/x": "x", "out/secret.txt": "s", "www2/x": "sibling" },
    (base) => {
      const root = base + "/www";
      const links: [name: string, target: string, insideKind: string, followKind: string][] = [
        ["in-link", "in.txt", "file", "file"],
        ["in-dir", "sub", "directory", "directory"],
        ["in-absolute", root + "/in.txt", "file", "file"],
        ["in-roundabout", "../www/in.txt", "file", "file"],
        ["self", ".", "directory", "directory"],
        ["out-file", "../out/secret.txt", "missing", "file"],
        ["out-dir", "../out", "missing", "directory"],
        ["out-absolute", base + "/out/secret.txt", "missing", "file"],
        ["out-prefix", "../www2/x", "missing", "file"],
        ["out-parent", "..", "missing", "directory"],
        ["out-chain", "out-dir/secret.txt", "missing", "file"],
        ["dangling", "nowhere", "missing", "missing"],
        ["loop", "loop", "missing", "missing"],
      ];
      for (const [name, target] of links) Deno.symlinkSync(target, `${root}/${name}`);
      const inside = new Files(root, plain);
      const follow = new Files(root, following);
      for (const [name, , insideKind, followKind] of links) {
        assert.equal(inside.find(name).kind, insideKind, name);
        assert.equal(follow.find(name).kind, followKind, name);
        if (insideKind !== "file") assert.equal(inside.open(name), undefined, name);
      }
      assert.equal(inside.find("out-dir/secret.txt").kind, "missing", "through a linked directory");
      assert.equal(inside.find("self/self/in.txt").kind, "file");
      assert.equal(follow.find("out-dir/secret.txt").kind, "file");
    },
  ));

Deno.test("Files takes a root that is itself a link, and sees it switched", () =>
  withTree({ "v1/a": "one", "v2/a": "two" }, async (base) => {
    Deno.symlinkSync("v1", base + "/current");
    const files = new Files(base + "/current", plain);
    const before = files.open("a")!;
    Deno.removeSync(base + "/current");
    Deno.symlinkSync("v2", base + "/current");
    assert.equal(await read(before, 10, 0), "one", "what is open stays what it was");
    before.close();
    assert.equal(new TextDecoder().decode(files.load("a", 100)!.bytes), "two");
  }));

Deno.test("Files never opens FIFOs, sockets and devices", () =>
  withTree({}, async (root) => {
    run("mkfifo", root + "/fifo");
    Deno.symlinkSync("/dev/zero", root + "/zero");
    Deno.symlinkSync("fifo", root + "/fifo-link");
    const listener = Deno.listen({ transport: "unix", path: root + "/socket" });
    try {
      const files = new Files(root, following);
      const started = performance.now();
      for (const path of ["fifo", "fifo-link", "socket", "zero"]) {
        assert.equal(files.find(path).kind, "missing", path);
        assert.equal(files.load(path, 100), undefined, path);
        assert.equal(files.open(path), undefined, path);
      }
      assert.deepEqual(await entriesOf(files), []);
      assert.ok(performance.now() - started < 1000);
    } finally {
      listener.close();
    }
  }));

Deno.test({
  name: "Files reports what may not be read as forbidden",
  ignore: isRoot, // root may read everything
  fn: () =>
    withTree({ "a.txt": "x", "d/b.txt": "x" }, (root) => {
      Deno.chmodSync(root + "/a.txt", 0);
      Deno.chmodSync(root + "/d", 0);
      const files = new Files(root, plain);
      assert.equal(files.load("a.txt", 100), undefined);
      assert.equal(files.find("d/b.txt").kind, "forbidden");
      assert.equal(files.canList("d"), false);
      Deno.chmodSync(root + "/d", 0o700);
    }),
});

Deno.test("Files.load() returns bytes with the facts they belong to", () =>
  withTree({ "a.txt": "hello", "empty": "" }, (root) => {
    const files = new Files(root, plain);
    const loaded = files.load("a.txt", 5)!;
    assert.equal(new TextDecoder().decode(loaded.bytes), "hello");
    const found = files.find("a.txt");
    assert.deepEqual(found.kind === "file" && found.facts, loaded.facts);
    assert.equal(files.load("empty", 5)!.bytes!.length, 0);
    const large = files.load("a.txt", 4)!;
    assert.deepEqual([large.bytes, large.facts.size], [undefined, 5]);
    assert.equal(files.load("none", 5), undefined);
    assert.equal(files.load("", 5), undefined);
  }));

Deno.test("Files.open() insists on the facts of the plan", () =>
  withTree({ "a.txt": "hello" }, async (root) => {
    const files = new Files(root, plain);
    const found = files.find("a.txt");
    assert.equal(found.kind, "file");
    if (found.kind !== "file") return;
    const file = files.open("a.txt", found.facts)!;
    assert.equal(await read(file, 3, 1), "ell");
    assert.equal(await read(file, 10, 3), "lo");
    assert.equal(await read(file, 10, 5), "");
    const target = new Uint8Array(2);
    assert.equal(file.readSync(target, 0), 2);

    // Replaced by another inode: the open handle keeps the old content.
    Deno.writeTextFileSync(root + "/b", "HELLO");
    Deno.renameSync(root + "/b", root + "/a.txt");
    assert.equal(await read(file, 10, 0), "hello");
    assert.equal(files.open("a.txt", found.facts), undefined);
    file.close();
    file.close();

    // Truncated while open: the read comes up short.
    const other = files.open("a.txt")!;
    Deno.truncateSync(root + "/a.txt", 2);
    assert.equal(await read(other, 10, 0), "HE");
    assert.equal(await read(other, 10, 3), "");
    other.close();
  }));

Deno.test("OpenFile.read() fills shared memory in place", () =>
  withTree({ "a.txt": "hello" }, async (root) => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    const file = new Files(root, plain).open("a.txt")!;
    const view = new Uint8Array(memory.buffer, 100, 5);
    assert.equal(await file.read(view, 0), 5);
    file.close();
    assert.equal(String.fromCharCode(...view), "hello");
  }));

Deno.test("Files.entries() leaves out what would be 404 and marks what has no URL", () =>
  withTree(
    { "a b.txt": "hello", ".hidden": "x", "d/x": "x", "back\\slash": "x", "\ufffd": "real" },
    async (root) => {
      run("mkfifo", root + "/fifo");
      Deno.symlinkSync("/etc/passwd", root + "/out");
      Deno.symlinkSync("nowhere", root + "/dangling");
      Deno.symlinkSync("d", root + "/link");
      run("bash", "-c", `touch "${root}"/$'bad\\xff' "${root}"/$'\\xff'`);
      const entries = await entriesOf(new Files(root, plain));
      const seen = entries.map(({ name, kind, size, linked }) =>
        `${name} ${kind} ${size} ${linked}`
      );
      const once = new Set(seen);
      assert.ok(once.has("a b.txt file 5 true"));
      assert.ok(once.has("d directory 0 true"));
      assert.ok(once.has("link directory 0 true"));
      assert.ok(once.has("back\\slash file 1 false"));
      assert.ok(once.has("bad\ufffd file 0 false"));
      assert.equal(seen.filter((text) => text === "\ufffd file 4 true").length, 1);
      assert.equal(once.size, 6, seen.join("\n"));
      assert.ok(entries.every(({ mtimeMs, name }) => mtimeMs > 0 || name.startsWith("bad")));
      const all = await entriesOf(new Files(root, { followSymlinks: true, dotfiles: true }));
      assert.ok(all.some(({ name }) => name === ".hidden"));
      assert.ok(all.some(({ name }) => name === "out"));
      await assert.rejects(new Files(root, plain).entries("none"), Deno.errors.NotFound);
    },
  ));
