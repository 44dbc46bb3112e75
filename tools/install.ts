/** Installs the executable, its manual pages and its completions below a prefix, `~/.local`. */
import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";
import { compile, report } from "./compile.ts";
import { printedTexts } from "./shared/installed_texts.ts";
import { DIST } from "./shared/repository.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: { prefix: { type: "string" }, portable: { type: "boolean" } },
});
const home = Deno.env.get("HOME");
if (!values.prefix && !home) {
  console.error("Cannot tell where to install: HOME is not set; give --prefix DIR");
  Deno.exit(2);
}
const prefix = resolve(values.prefix ?? `${home}/.local`);
const bin = `${prefix}/bin`;

Deno.mkdirSync(bin, { recursive: true });
Deno.mkdirSync(DIST, { recursive: true });
const compiled = await compile(`${bin}/ktcp`, values);
await report(compiled);
for (const [path, text] of await printedTexts([compiled.path])) {
  Deno.mkdirSync(dirname(`${prefix}/${path}`), { recursive: true });
  Deno.writeTextFileSync(`${prefix}/${path}`, text);
  console.log(`${prefix}/${path}`);
}
if (!(Deno.env.get("PATH") ?? "").split(":").includes(bin)) {
  console.log(`${bin} is not in PATH: add it, or call ${bin}/ktcp`);
}
