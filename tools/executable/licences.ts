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

/** What an executable states of `packages`, each `name@version`: their licences by name. */
export async function partsOf(packages: readonly string[]): Promise<Part[]> {
  const { npmCache } = await denoFolders();
  return packages.map((id) => {
    const { name, version, license } = readPackage(folderOf(npmCache, id));
    return { name, version, licence: license };
  });
}

/** Returns one text with the licences of Deno, of llhttp and of `packages`, each `name@version`. */
export async function licencesText(packages: readonly string[]): Promise<string> {
  const { npmCache } = await denoFolders();
  const deno = section(
    `deno ${Deno.version.deno} (MIT)`,
    "It holds V8 (BSD-3-Clause) and Rust crates, whose licences stand with Deno's source:\n" +
      `https://github.com/denoland/deno/tree/v${Deno.version.deno}\n\n${DENO_LICENCE}`,
  );
  const llhttp = section("llhttp (MIT)", LLHTTP_LICENCE);
  return [deno, llhttp, ...packages.map((name) => packageLicence(npmCache, name))].join("\n");
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

function packageLicence(npmCache: string, id: string): string {
  const folder = folderOf(npmCache, id);
  const { license, repository, homepage } = readPackage(folder);
  const texts = [...Deno.readDirSync(folder)]
    .filter(({ name, isFile }) => isFile && LICENCE_FILE.test(name))
    .map(({ name }) => Deno.readTextFileSync(join(folder, name)).trim());
  const source = (repository?.url ?? repository ?? homepage ?? "").replace(/^git\+/, "");
  return section(`${id} (${license})`, [`Source: ${source}`, ...texts].join("\n\n"));
}

function isPackage(folder: string): boolean {
  try {
    return Deno.statSync(join(folder, "package.json")).isFile;
  } catch {
    return false;
  }
}
