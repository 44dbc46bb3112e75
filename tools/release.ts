/**
 * Makes what a release consists of, in `dist/release`: for each target the executable and a package
 * with manual page and completions; Debian packages, packages for npm and JSR, a Containerfile, and
 * SHA256SUMS over all. The same commit gives the same bytes.
 */
import { createHash } from "node:crypto";
import { parseArgs } from "node:util";
import { RUN_FLAGS, SEALED_FLAGS } from "../cli/shared/deno_flags.ts";
import { type Bundle, bundle } from "./executable/bundle.ts";
import { type Licensed, licensed, notice } from "./executable/licences.ts";
import { buildPortable } from "./executable/portable.ts";
import { containerfile } from "./release/containerfile.ts";
import { debian, debianVersion } from "./release/debian.ts";
import { denoBinary } from "./release/deno_binary.ts";
import { jsrFiles } from "./release/jsr_package.ts";
import { packForNpm } from "./release/npm_package.ts";
import { prefixFiles } from "./release/prefix.ts";
import { type ReleaseInfo, releaseInfo } from "./release/release_info.ts";
import { tarball } from "./release/tarball.ts";
import { DENO_VERSION, type Target, TARGETS } from "./release/targets.ts";
import { printedTexts } from "./shared/installed_texts.ts";
import { DIST, ROOT } from "./shared/repository.ts";

/** The default maintainer of a Debian package: the address reaches nobody. */
const MAINTAINER = "The ktcp authors <maintainers@ktcp.invalid>";

/** What all packages of a release have in common. */
interface Release {
  info: ReleaseInfo;
  bundle: Bundle;
  texts: Map<string, string>;
  contents: Licensed[];
  maintainer: string;
  /** Where the files go. */
  folder: string;
}

/** Writes the file `name`. */
function write(folder: string, name: string, bytes: Uint8Array | string, mode = 0o644): void {
  const body = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
  Deno.writeFileSync(`${folder}/${name}`, body);
  Deno.chmodSync(`${folder}/${name}`, mode);
  console.log(`  ${name}  ${(body.length / 1e6).toFixed(1)} MB`);
}

/** Makes everything for one kind of machine. */
async function makeFor(target: Target, release: Release): Promise<void> {
  const { info, bundle, texts, folder } = release;
  const name = `ktcp-${info.version}-${target.name}`;
  const deno = await denoBinary(target);
  const executable = await buildPortable({
    version: info.version,
    bundle,
    deno,
    target: target.name,
  });
  write(folder, name, executable, 0o755);
  const files = [{ name: "bin/ktcp", body: executable, mode: 0o755 }, ...prefixFiles(texts)];
  write(folder, `${name}.tar.gz`, await tarball(name, files, info.date));
  if (target.debian) {
    const deb = await debian({ ...release, deno, architecture: target.debian });
    write(folder, `ktcp_${debianVersion(info)}_${target.debian}.deb`, deb);
  }
}

/** Makes the archive of what `deno publish` sends to JSR. */
async function packForJsr(info: ReleaseInfo, folder: string): Promise<void> {
  const files = [...await jsrFiles()].map(([name, body]) => ({ name, body, mode: 0o644 }));
  const name = `ktcp-${info.version}-jsr`;
  write(folder, `${name}.tar.gz`, await tarball(name, files, info.date));
}

/** @throws if the committed NOTICE is not about `contents` */
function checkNotice(contents: readonly Licensed[]): void {
  if (Deno.readTextFileSync(`${ROOT}/NOTICE`) === notice(contents)) return;
  throw new Error("NOTICE does not state what the executable contains: run 'deno task notice'");
}

/** The lines of sha256sum(1) over the files in `folder`. */
function checksums(folder: string): string {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort().map((name) => {
    const bytes = Deno.readFileSync(`${folder}/${name}`);
    return `${createHash("sha256").update(bytes).digest("hex")}  ${name}\n`;
  }).join("");
}

async function make(folder: string, maintainer: string): Promise<void> {
  const info = releaseInfo();
  const app = await bundle(`${DIST}/release.${Deno.pid}.app`, {
    commit: info.commit,
    date: info.date.toISOString().slice(0, "2026-01-31".length),
  });
  try {
    const contents = await licensed(app.packages, DENO_VERSION);
    checkNotice(contents);
    const run = ["run", ...RUN_FLAGS, ...SEALED_FLAGS, `${app.folder}/${app.entry}`];
    const texts = await printedTexts([Deno.execPath(), ...run]);
    const release = { info, bundle: app, texts, contents, maintainer, folder };
    await packForNpm(info, app, texts, folder);
    await packForJsr(info, folder);
    // One after another: two at once need twice the memory, and compression has its own thread.
    for (const target of TARGETS) await makeFor(target, release);
    write(folder, "Containerfile", containerfile(info, app.entry));
    write(folder, "SHA256SUMS", checksums(folder));
  } finally {
    Deno.removeSync(app.folder, { recursive: true });
  }
}

const { values } = parseArgs({
  args: Deno.args,
  options: {
    maintainer: { type: "string", default: MAINTAINER },
    output: { type: "string", default: `${DIST}/release` },
  },
});
const { output, maintainer } = values;
const partial = `${output}.${Deno.pid}`;
Deno.mkdirSync(partial, { recursive: true });
try {
  console.log(`${output}:`);
  await make(partial, maintainer);
  try {
    Deno.removeSync(output, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  Deno.renameSync(partial, output);
  console.log("To verify: sha256sum -c SHA256SUMS");
} catch (error) {
  Deno.removeSync(partial, { recursive: true });
  throw error;
}
