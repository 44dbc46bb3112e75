/** `deno task build`: the core compiles, once, and a faulty source leaves the last module alone. */
import assert from "node:assert/strict";

const root = new URL("../../", import.meta.url);

/** The build, and what Deno reads before it runs it. */
const COPIED = [
  "deno.json",
  "deno.lock",
  "play/page/deno.json",
  "tools/build.ts",
  "tools/shared/modified.ts",
  "core/asconfig.json",
];

/** A copy of what the build needs, with a core of one function: it compiles fast. */
class SmallTree implements AsyncDisposable {
  readonly folder = Deno.makeTempDirSync({ prefix: "ktcp-build-" });
  readonly source = `${this.folder}/core/assembly/index.ts`;
  readonly module = `${this.folder}/core/core.wasm`;

  constructor() {
    for (const name of ["tools/shared", "core/assembly", "core/shared", "play/page"]) {
      Deno.mkdirSync(`${this.folder}/${name}`, { recursive: true });
    }
    for (const name of COPIED) {
      Deno.copyFileSync(new URL(name, root), `${this.folder}/${name}`);
    }
    this.write("export function answer(): i32 { return 42; }");
  }

  /** Writes the source, younger than any module that is there. */
  write(text: string): void {
    Deno.writeTextFileSync(this.source, text);
    const later = new Date(Date.now() + 1000);
    Deno.utimeSync(this.source, later, later);
  }

  /** Makes the source older than what is built from now on. */
  age(): void {
    Deno.utimeSync(this.source, 1, 1);
  }

  async build(...args: string[]): Promise<{ code: number; out: string; err: string }> {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      // Quiet: with an empty cache, deno tells of what it downloads.
      args: ["run", "--quiet", "-A", "tools/build.ts", ...args],
      cwd: this.folder,
      env: { NO_COLOR: "1" },
    }).output();
    const decoder = new TextDecoder();
    return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
  }

  /** What `answer` of the built module answers. */
  answer(): number {
    const memory = new WebAssembly.Memory({ initial: 2, maximum: 65536, shared: true });
    const module = new WebAssembly.Module(Deno.readFileSync(this.module));
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    return (exports.answer as () => number)();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

Deno.test("the build compiles what is new, nothing twice, and keeps the module of a faulty source", async () => {
  await using tree = new SmallTree();
  tree.age();
  const first = await tree.build();
  assert.deepEqual([first.code, first.out], [0, ""], first.err);
  assert.match(first.err, /^core\/core\.wasm: \d+ bytes, built in \d+\.\d s\n$/);
  assert.equal(tree.answer(), 42);

  const { mtime } = Deno.statSync(tree.module);
  assert.deepEqual(await tree.build(), { code: 0, out: "", err: "" });
  assert.deepEqual(Deno.statSync(tree.module).mtime, mtime);

  tree.write("export function answer(): i32 { return 43 +; }");
  const faulty = await tree.build();
  assert.equal(faulty.code, 1);
  assert.match(faulty.err, /assembly\/index\.ts/);
  assert.match(faulty.err, /Cannot compile core\/assembly/);
  assert.equal(tree.answer(), 42);
  assert.deepEqual([...Deno.readDirSync(`${tree.folder}/core`)].map(({ name }) => name).sort(), [
    "asconfig.json",
    "assembly",
    "core.wasm",
    "shared",
  ]);

  tree.write("export function answer(): i32 { return 44; }");
  assert.equal((await tree.build()).code, 0);
  assert.equal(tree.answer(), 44);
});

Deno.test("core.wasm imports nothing but its memory, and is no larger than 64 KiB", () => {
  const bytes = Deno.readFileSync(new URL("core/core.wasm", root));
  const module = new WebAssembly.Module(bytes);
  assert.deepEqual(WebAssembly.Module.imports(module), [
    { module: "env", name: "memory", kind: "memory" },
  ]);
  const names = WebAssembly.Module.exports(module).map(({ name }) => name);
  for (const name of ["next", "answerPlain", "nextPiece", "allocateBlock", "freeBlock"]) {
    assert.ok(names.includes(name), name);
  }
  assert.ok(bytes.length < 65536, `${bytes.length} bytes`);
});
