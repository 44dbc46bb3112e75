/**
 * Makes `./ktcp`, one executable: by `deno compile` where its runtime stub is available, otherwise,
 * or with `--portable`, as a self-extracting file.
 */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { RUN_FLAGS } from "../cli/shared/deno_flags.ts";
import { commit, commitDate, VERSION } from "../cli/shared/version.ts";
import { type Bundle, bundle } from "./executable/bundle.ts";
import { findStub } from "./executable/stub.ts";
import { measureStart, versionOf } from "./shared/measure_start.ts";
import { DIST, ROOT, runDeno } from "./shared/repository.ts";
import { buildPortable } from "./executable/portable.ts";

/** How an executable was made. */
export interface Compiled {
  path: string;
  kind: "deno compile" | "portable";
  /** Why it is of this kind. */
  reason: string;
  bundle: Bundle;
  /** What `deno compile` said: it lists the files that it embedded. */
  log: string;
}

/** Options of {@linkcode compile}. */
export interface CompileOptions {
  /** Do not try `deno compile`. */
  portable?: boolean;
}

/**
 * Makes the executable `path`, which is replaced in one step.
 *
 * @throws if neither kind can be made
 */
export async function compile(path: string, options: CompileOptions = {}): Promise<Compiled> {
  const app = await bundle(`${DIST}/app.${Deno.pid}`, {
    commit: commit(),
    date: commitDate(),
  });
  const partial = `${path}.${Deno.pid}`;
  try {
    const made = await compileBundle(app, partial, options);
    Deno.renameSync(partial, path);
    return { ...made, path, bundle: app };
  } finally {
    for (const leftover of [partial, app.folder]) removeIfThere(leftover);
  }
}

async function compileBundle(
  app: Bundle,
  path: string,
  { portable = false }: CompileOptions,
): Promise<Pick<Compiled, "kind" | "reason" | "log">> {
  const stub = portable ? { found: false, reason: "--portable asks for it" } : await findStub();
  let { reason } = stub;
  if (stub.found) {
    const { success, output } = await runDeno(
      "compile",
      "--no-check",
      "--no-config",
      "--no-lock",
      ...RUN_FLAGS,
      // It sees neither Workers nor what is imported on demand.
      ...app.files.flatMap((file) => ["--include", `${app.folder}/${file}`]),
      `--output=${path}`,
      `${app.folder}/${app.entry}`,
    );
    if (success) return { kind: "deno compile", reason, log: output };
    reason = `deno compile failed although ${reason}: ${output.trim().split("\n").at(-1)}`;
  }
  const deno = Deno.readFileSync(Deno.execPath());
  const { target } = Deno.build;
  const executable = await buildPortable({ version: VERSION, bundle: app, deno, target });
  Deno.writeFileSync(path, executable, { mode: 0o755 });
  return { kind: "portable", reason, log: "" };
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Says what was made, what is inside, and how fast it starts. */
export async function report({ path, kind, reason, bundle, log }: Compiled): Promise<void> {
  if (log) console.log(log.trim());
  const megabytes = (Deno.statSync(path).size / 1e6).toFixed(1);
  console.log(`${path}: ${megabytes} MB, ${kind} executable (${reason})`);
  console.log(`${bundle.workers.length} Workers inside`);
  const version = versionOf(path);
  if (!version.startsWith("ktcp ")) {
    console.log(`It does not run as ktcp: its --version says '${version}'. Is the stub a denort?`);
    return;
  }
  console.log(version);
  const { firstMs, warmMs } = await measureStart(path);
  console.log(
    `start to first answered request: ${Math.round(firstMs)} ms the first time, ` +
      `${Math.round(warmMs)} ms after that`,
  );
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      portable: { type: "boolean" },
      output: { type: "string", default: `${ROOT}/ktcp` },
    },
  });
  await report(await compile(resolve(values.output), values));
}
