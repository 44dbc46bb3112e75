/** Collects the licences of what is inside the executable. */
import { join } from "node:path";
import type { Part } from "../../cli/shared/version.ts";
import { denoFolders } from "../shared/repository.ts";

const MIT = `Permission is hereby granted, free of charge, to any person obtaining a copy of
this software and associated documentation files (the "Software"), to deal in
the Software without restriction, including without limitation the rights to
use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of
the Software, and to permit persons to whom the Software is furnished to do so,
subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS
FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER
IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN
CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;

const DENO_LICENCE = `MIT License\n\nCopyright 2018-2026 the Deno authors\n\n${MIT}`;

/** Of the parser that undici's package holds a build of. */
const LLHTTP_LICENCE = "Source: https://github.com/nodejs/llhttp\n\n" +
  "This software is licensed under the MIT License.\n\n" +
  `Copyright Fedor Indutny, 2018.\n\n${MIT}`;

/** Files of a package that state terms. */
const LICENCE_FILE = /^(licen[cs]e|copying|notice|copyright)/i;

const INTRODUCTION =
  "ktcp is under the MIT licence (LICENSE). What is installed contains this software of others:\n";

/** Software that the executable contains, with where it comes from and the text of its licence. */
export interface Licensed extends Part {
  text: string;
}

/** What an executable states of `packages`, each `name@version`: their licences by name. */
export async function partsOf(packages: readonly string[]): Promise<Part[]> {
  const { npmCache } = await denoFolders();
  return packages.map((id) => partOf(readPackage(folderOf(npmCache, id))));
}

/**
 * Returns what is known of Deno `denoVersion`, of llhttp, then of `packages`, each `name@version`.
 *
 * @throws if a package is not in Deno's cache
 */
export async function licensed(
  packages: readonly string[],
  denoVersion: string,
): Promise<Licensed[]> {
  const { npmCache } = await denoFolders();
  const deno = {
    name: "deno",
    version: denoVersion,
    licence: "MIT",
    text: "It holds V8 (BSD-3-Clause) and Rust crates, whose licences stand with Deno's source:\n" +
      `https://github.com/denoland/deno/tree/v${denoVersion}\n\n${DENO_LICENCE}`,
  };
  // Undici's package does not say which version it has built.
  const llhttp = { name: "llhttp", version: "", licence: "MIT", text: LLHTTP_LICENCE };
  return [deno, llhttp, ...packages.map((id) => licensedPackage(folderOf(npmCache, id)))];
}

/** Returns the text of the file NOTICE. */
export function notice(contents: readonly Licensed[]): string {
  const sections = contents.map(({ name, version, licence, text }) =>
    section(`${[name, version].join(" ").trim()} (${licence})`, text)
  );
  return [INTRODUCTION, ...sections].join("\n");
}

function section(title: string, text: string): string {
  return `${"=".repeat(80)}\n${title}\n${"=".repeat(80)}\n\n${text.trim()}\n`;
}

/**
 * The folder of a package: the cache holds a folder for each registry, in it `name/version`.
 *
 * @throws when it is not there
 */
function folderOf(npmCache: string, id: string): string {
  const at = id.lastIndexOf("@");
  const folder = [...Deno.readDirSync(npmCache)]
    .map((registry) => join(npmCache, registry.name, id.slice(0, at), id.slice(at + 1)))
    .find(isPackage);
  if (!folder) throw new Error(`Cannot find ${id} below ${npmCache}: it was bundled from there`);
  return folder;
}

function readPackage(folder: string) {
  return JSON.parse(Deno.readTextFileSync(join(folder, "package.json")));
}

function partOf({ name, version, license }: Record<"name" | "version" | "license", string>): Part {
  return { name, version, licence: license };
}

function licensedPackage(folder: string): Licensed {
  const json = readPackage(folder);
  const texts = [...Deno.readDirSync(folder)]
    .filter(({ name, isFile }) => isFile && LICENCE_FILE.test(name))
    .map(({ name }) => name)
    .sort()
    .map((name) => Deno.readTextFileSync(join(folder, name)).replaceAll("\r\n", "\n").trim());
  if (texts.length === 0) texts.push(`Its text: https://spdx.org/licenses/${json.license}.html`);
  const { repository, homepage = "" } = json;
  const source = (repository?.url ?? repository ?? homepage).replace(/^git\+/, "");
  return { ...partOf(json), text: [`Source: ${source}`, ...texts].join("\n\n") };
}

function isPackage(folder: string): boolean {
  try {
    return Deno.statSync(join(folder, "package.json")).isFile;
  } catch {
    return false;
  }
}
