/**
 * Makes what a release consists of, in `dist/release`: the executable, its SHA-256 in the format of
 * sha256sum, and the licences of what is inside.
 */
import { createHash } from "node:crypto";
import { VERSION } from "../cli/shared/version.ts";
import { compile, report } from "./compile.ts";
import { licencesText } from "./executable/licences.ts";
import { DIST } from "./shared/repository.ts";

const folder = `${DIST}/release`;
const name = `ktcp-${VERSION}-${Deno.build.target}`;

Deno.mkdirSync(folder, { recursive: true });
const compiled = await compile(`${folder}/${name}`, { portable: Deno.args.includes("--portable") });
const sha256 = createHash("sha256").update(Deno.readFileSync(compiled.path)).digest("hex");
Deno.writeTextFileSync(`${compiled.path}.sha256`, `${sha256}  ${name}\n`);
Deno.writeTextFileSync(
  `${compiled.path}.licences.txt`,
  await licencesText(compiled.bundle.packages),
);
await report(compiled);
console.log(`${folder}:`);
for (const suffix of ["", ".sha256", ".licences.txt"]) console.log(`  ${name}${suffix}`);
console.log(`To verify: sha256sum -c ${name}.sha256`);
