/**
 * Mutations of the real code, and how long a simulation takes to find each:
 * `deno task simulate:mutations [NAME …]`.
 *
 * A mutation is a patch: a line that says what it breaks, and the change. It is applied to a copy of
 * the tree, in which seed after seed is simulated, from 1 on.
 */
import { cpSync } from "node:fs";
import { ROOT } from "../shared/repository.ts";

/** Where the patches are. */
const MUTATIONS = `${ROOT}/tests/tools/simulation/mutations`;

/** What a simulation needs of the tree. */
const PARTS = [
  "bench",
  "cli",
  "core",
  "play",
  "servers",
  "system",
  "tools",
  "deno.json",
  "deno.lock",
];

/** How long a simulation may take to find a mutation, in minutes. */
const MINUTES = "10";

/** The names of all mutations. */
export function mutationNames(): string[] {
  return [...Deno.readDirSync(MUTATIONS)].map(({ name }) => name.replace(/\.patch$/, "")).sort();
}

/**
 * Applies the mutation `name` to the tree at `root`.
 *
 * @param isTry only looks whether it can be applied
 * @throws {Error} when it cannot
 */
export function applyMutation(name: string, root: string, isTry: boolean): void {
  const { success, stderr } = new Deno.Command("git", {
    args: ["apply", ...(isTry ? ["--check"] : []), `${MUTATIONS}/${name}.patch`],
    cwd: root,
  }).outputSync();
  if (success) return;
  throw new Error(`Cannot apply mutation ${name}: ${new TextDecoder().decode(stderr).trim()}`);
}

/** Looks for the mutation `name`. @returns how the simulation failed; `undefined`: it did not */
function find(name: string): string | undefined {
  const copy = Deno.makeTempDirSync({ prefix: "ktcp-mutation-" });
  try {
    for (const part of PARTS) cpSync(`${ROOT}/${part}`, `${copy}/${part}`, { recursive: true });
    applyMutation(name, copy, false);
    const { code, stdout, stderr } = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--allow-all", "--no-check", "tools/simulation/main.ts"],
        ...["--from", "1", "--minutes", MINUTES, "--no-shrink"],
      ],
      cwd: copy,
    }).outputSync();
    const decoder = new TextDecoder();
    if (code === 0) return undefined;
    const [line] = decoder.decode(stdout).split("\n");
    if (line === "") throw new Error(`The simulation did not run: ${decoder.decode(stderr)}`);
    return line;
  } finally {
    Deno.removeSync(copy, { recursive: true });
  }
}

if (import.meta.main) {
  const names = Deno.args.length > 0 ? Deno.args : mutationNames();
  let missed = 0;
  for (const name of names) {
    const [what] = Deno.readTextFileSync(`${MUTATIONS}/${name}.patch`).split("\n");
    const found = find(name);
    if (found === undefined) ++missed;
    console.log(`${name}: ${what}\n  ${found ?? `not found in ${MINUTES} minutes`}`);
  }
  Deno.exit(missed === 0 ? 0 : 1);
}
