/** Writes Debian's `copyright`, in its machine-readable format (DEP-5). */
import type { Licensed } from "../executable/licences.ts";
import { ROOT } from "../shared/repository.ts";

/** Debian's names of licences, where SPDX has others. */
const NAMES: Record<string, string> = { MIT: "Expat" };

/** Licences whose texts every Debian system has. */
const COMMON = new Set(["Apache-2.0", "MPL-2.0"]);

/** Returns the text about `contents`: Deno first, then the packages in the bundle. */
export function debianCopyright([deno, ...packages]: readonly Licensed[]): string {
  const own = Deno.readTextFileSync(`${ROOT}/LICENSE`);
  const [copyright, expat] = splitLicense(own);
  const inBundle = [...new Set(["Expat", ...packages.flatMap(({ licence }) => names(licence))])];
  return [
    [
      "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/",
      "Upstream-Name: ktcp",
    ],
    ["Files: *", `Copyright: ${copyright}`, "License: Expat"],
    [
      "Files: usr/lib/ktcp/deno",
      "Copyright: 2018-2026 the Deno authors",
      ...["License: Expat", "Comment:"],
      ` Deno ${deno.version}. It holds V8 and Rust crates; NOTICE.gz says where their licences are.`,
    ],
    [
      "Files: usr/lib/ktcp/app/*",
      ...[`Copyright: ${copyright}`, ...packages.map(({ name }) => ` the authors of ${name}`)],
      `License: ${inBundle.join(" and ")}`,
      "Comment:",
      " A bundle of ktcp with npm packages. NOTICE.gz has each package's copyright and licence.",
    ],
    ...inBundle.map((name) => [`License: ${name}`, ...indented(licenceText(name, expat))]),
  ].map((paragraph) => paragraph.join("\n") + "\n").join("\n");
}

/** The names in an SPDX expression that joins them by AND. */
function names(expression: string): string[] {
  return expression.replaceAll(/[()]/g, "").split(" AND ").map((name) => NAMES[name] ?? name);
}

function licenceText(name: string, expat: string): string {
  if (name === "Expat") return expat;
  if (COMMON.has(name)) return `The text is in /usr/share/common-licenses/${name}.`;
  return "The texts, with the names of the copyright holders, are in\n" +
    "/usr/share/doc/ktcp/NOTICE.gz.";
}

/** The copyright holder that LICENSE names, with the years, and the terms. */
function splitLicense(text: string): [copyright: string, terms: string] {
  const match = /^Copyright \(c\) (.+)\n\n([\s\S]+)$/m.exec(text);
  if (!match) throw new Error("Cannot find the line 'Copyright (c) …' in LICENSE");
  return [match[1], match[2].trim()];
}

/** A field's continuation lines; an empty line is a dot. */
function indented(text: string): string[] {
  return text.split("\n").map((line) => ` ${line || "."}`);
}
