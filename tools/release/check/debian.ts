/** Looks at the Debian package, and installs it in a Debian system of its own. */
import { Process } from "../../../system/process.ts";
import { type Check, isVersion, needs, needsRoot, output, serves } from "./check.ts";

/** The oldest Debian that the package is meant for. */
const SUITE = "bookworm";

const ROOT_USER = "0:0";

/** A user without a home. */
const NOBODY = "65534:65534";

export const lintian: Check = {
  name: "lintian",
  async run({ file }) {
    await needs("lintian");
    const packages = [file("_amd64.deb"), file("_arm64.deb")];
    const found = await new Process(["lintian", "-I", "--pedantic", ...packages]).ended;
    if (found.code !== 0 || found.out !== "") throw new Error(found.out + found.err);
    return `nothing to say about ${packages.length} packages`;
  },
};

/** Runs a command as the user $1 in the root $2, with /proc mounted as long as it runs. */
const IN_ROOT =
  'user=$1; shift; mount -t proc proc "$1/proc" && exec chroot --userspec="$user" "$@"';

/** The beginning of a command line that runs in the root `folder` as `user`, numbers `uid:gid`. */
export function inRoot(folder: string, user: string): string[] {
  return ["unshare", "--mount", "sh", "-c", IN_ROOT, "sh", user, folder];
}

/** Makes a small Debian system in `folder`. */
export async function debootstrap(folder: string): Promise<void> {
  await needs("debootstrap");
  needsRoot();
  await output(["debootstrap", "--variant=minbase", SUITE, folder]);
}

/** All paths below `folder`. */
async function paths(folder: string): Promise<string[]> {
  return (await output(["find", folder, "-xdev", "-path", `${folder}/tmp/*`, "-o", "-print"]))
    .split("\n").sort();
}

export const dpkg: Check = {
  name: "dpkg -i",
  async run({ file, folder }) {
    await debootstrap(folder);
    Deno.copyFileSync(file("_amd64.deb"), `${folder}/tmp/ktcp.deb`);
    const environment = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"];
    const asRoot = [...inRoot(folder, ROOT_USER), ...environment];
    const asNobody = [...inRoot(folder, NOBODY), ...environment];
    const before = await paths(folder);
    await output([...asRoot, "dpkg", "-i", "/tmp/ktcp.deb"]);
    const version = isVersion(await output([...asNobody, "ktcp", "--version"]));
    await serves([...asNobody, "ktcp", "http", "--port", "0"]);
    await output([...asRoot, "dpkg", "--verify", "ktcp"]);
    await output([...asRoot, "dpkg", "--purge", "ktcp"]);
    const left = (await paths(folder)).filter((path) => !before.includes(path));
    if (left.length > 0) throw new Error(`dpkg --purge leaves ${left}`);
    return `${version}; purged without a trace`;
  },
};
