/**
 * Compiles the AssemblyScript core (`core/assembly`) to `core/core.wasm`.
 *
 * Does nothing when the module is newer than all of its sources, so that every task can depend on
 * it. `--force` compiles anyway.
 */
import { fileURLToPath } from "node:url";
import { newestMs } from "./shared/modified.ts";

const coreDir = new URL("../core/", import.meta.url);
const output = new URL("core.wasm", coreDir);

/** The path of `name` in the core's folder. */
const inCore = (name: string) => fileURLToPath(new URL(name, coreDir));

function isUpToDate(): boolean {
  const newestSource = Math.max(
    ...["asconfig.json", "assembly", "shared"].map((name) => newestMs(inCore(name))),
  );
  return newestMs(inCore("core.wasm")) > newestSource;
}

/**
 * The compiler, loaded only to build. Its name is in a variable because Deno asks the registry
 * about each package that a module graph names, in a literal `import()` too.
 */
async function loadCompiler(): Promise<typeof import("assemblyscript/asc")> {
  const name = "assemblyscript/asc";
  return await import(name);
}

async function compile(): Promise<void> {
  const asc = await loadCompiler();
  // Written under another name first, so that a build that runs at the same time never sees half a module.
  const partial = `core.wasm.${Deno.pid}`;
  const { error, stderr } = await asc.main([
    "--config",
    "asconfig.json",
    "--baseDir",
    coreDir.pathname,
    "--outFile",
    partial,
  ]);
  if (error) {
    console.error(stderr.toString());
    throw new Error(`Cannot compile core/assembly: ${error.message}`);
  }
  Deno.renameSync(new URL(partial, coreDir), output);
}

if (Deno.args.includes("--force") || !isUpToDate()) {
  const startMs = performance.now();
  await compile();
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  console.error(`core/core.wasm: ${Deno.statSync(output).size} bytes, built in ${seconds} s`);
}
