/** What `ktcp --version --verbose` prints. */
import { wrap } from "../../bench/report/text_layout.ts";
import { build, commit, commitDate, type Part, VERSION } from "./version.ts";

/** Shown where ktcp runs from source: only a release collects licences. */
const FROM_SOURCE = "ktcp (MIT) runs from source here: nothing is bundled. Its packages are in " +
  "deno.json; 'deno task release' collects their licences.";

/** The text, in at most `width` columns where its words allow it. */
export function versionDetails(width: number): string {
  const { deno, v8, typescript } = Deno.version;
  const known = build();
  const date = commitDate();
  const rows = [
    ["commit", commit() + (date === "" ? "" : ` of ${date}`)],
    ["built", howBuilt()],
    ["for", Deno.build.target],
    ["runtime", `deno ${deno}, V8 ${v8}, TypeScript ${typescript}`],
  ];
  return [
    `ktcp ${VERSION}`,
    ...rows.map(([name, text]) => wrap(text, { width, margin: "  ", bullet: name.padEnd(9) })),
    "",
    ...(known === undefined ? [wrap(FROM_SOURCE, { width, margin: "" })] : [
      "Licences of what is inside:",
      ...licenceLines([
        { name: "ktcp", version: VERSION, licence: "MIT" },
        { name: "deno", version: deno, licence: "MIT" },
        { name: "V8", version: v8, licence: "BSD-3-Clause" },
        ...known.parts,
      ]),
      "",
      wrap(
        "Deno also contains Rust crates; their licences are with its source. The texts of all " +
          "others are in the file .licences.txt of a release.",
        { width, margin: "" },
      ),
    ]),
  ].join("\n");
}

function howBuilt(): string {
  if (build() === undefined) return "no: it runs from source";
  return Deno.build.standalone
    ? "by deno compile, with the runtime inside"
    : "as a bundle that deno runs, in one file with it";
}

function licenceLines(parts: readonly Part[]): string[] {
  const names = parts.map(({ name, version }) => `${name} ${version}`);
  const width = Math.max(...names.map((name) => name.length));
  return parts.map(({ licence }, i) => `  ${names[i].padEnd(width)}  ${licence}`);
}
