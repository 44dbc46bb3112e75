/**
 * Makes the npm package: the bundle, and a program that runs it with the Deno that the package
 * depends on.
 */
import { join } from "node:path";
import { RUN_FLAGS, SEALED_FLAGS } from "../../cli/shared/deno_flags.ts";
import type { Bundle } from "../executable/bundle.ts";
import { fill } from "../executable/template.ts";
import { DIST, ROOT } from "../shared/repository.ts";
import { npm } from "./npm.ts";
import type { ReleaseInfo } from "./release_info.ts";
import { DENO_VERSION } from "./targets.ts";

/** The text of package.json. */
export function packageJson(info: ReleaseInfo, manualPages: readonly string[]): string {
  const { version, description, license } = info;
  const json = {
    name: "ktcp",
    version,
    description,
    license,
    keywords: ["http-server", "echo", "load-testing", "benchmark", "network", "education"],
    type: "module",
    bin: { ktcp: "ktcp.mjs" },
    man: manualPages,
    os: ["darwin", "linux"],
    cpu: ["arm64", "x64"],
    engines: { node: ">=18" },
    dependencies: { deno: DENO_VERSION },
  };
  return JSON.stringify(json, null, 2) + "\n";
}

/** Returns the program that npm links as `ktcp`. */
export function npmProgram(entry: string): string {
  const template = Deno.readTextFileSync(`${ROOT}/packaging/npm/ktcp.mjs`);
  return fill(template, { FLAGS: [...RUN_FLAGS, ...SEALED_FLAGS].join(" "), ENTRY: entry });
}

/**
 * Writes the package into `folder`.
 *
 * @param texts manual pages and completions by their paths below a prefix
 * @returns the file's name
 */
export async function packForNpm(
  info: ReleaseInfo,
  bundle: Bundle,
  texts: ReadonlyMap<string, string>,
  folder: string,
): Promise<string> {
  const staging = Deno.makeTempDirSync({ dir: DIST, prefix: "npm-" });
  try {
    const pages = [...texts].filter(([path]) => path.startsWith("share/man/"))
      .map(([path, text]) => [`man/${path.split("/").at(-1)}`, text] as const);
    const files = new Map<string, string | Uint8Array>([
      ["package.json", packageJson(info, pages.map(([path]) => path))],
      ["ktcp.mjs", npmProgram(bundle.entry)],
      ...pages,
      ...["LICENSE", "NOTICE", "README.md"].map((name) =>
        [name, Deno.readFileSync(`${ROOT}/${name}`)] as const
      ),
      ...bundle.files.map((name) =>
        [`app/${name}`, Deno.readFileSync(join(bundle.folder, name))] as const
      ),
    ]);
    for (const directory of ["app", "man"]) Deno.mkdirSync(`${staging}/${directory}`);
    for (const [name, body] of files) {
      const path = `${staging}/${name}`;
      if (typeof body === "string") Deno.writeTextFileSync(path, body);
      else Deno.writeFileSync(path, body);
    }
    Deno.chmodSync(`${staging}/ktcp.mjs`, 0o755);
    const printed = await npm(["pack", "--json", "--pack-destination", folder], staging);
    return JSON.parse(printed)[0].filename;
  } finally {
    Deno.removeSync(staging, { recursive: true });
  }
}
