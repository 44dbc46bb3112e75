/** Builds the container image on a base made here, and runs it. */
import {
  type Check,
  type CheckContext,
  isVersion,
  needs,
  needsRoot,
  output,
  serves,
} from "./check.ts";
import { debootstrap, inRoot } from "./debian.ts";

/** The name of the Containerfile's base image here. */
const BASE = "localhost/debian";
const IMAGE = "localhost/ktcp";

export const container: Check = {
  name: "container image",
  async run({ release, folder }: CheckContext) {
    await needs("buildah");
    needsRoot();
    const baseRoot = `${folder}/base`;
    await debootstrap(baseRoot);
    // No signature, no daemon, no registry, and no storage but this folder.
    const policy = `${folder}/policy.json`;
    Deno.writeTextFileSync(policy, `{"default": [{"type": "insecureAcceptAnything"}]}`);
    const storage = ["--root", `${folder}/storage`, "--runroot", `${folder}/run`];
    const buildah = (...args: string[]) =>
      output(["buildah", ...storage, "--storage-driver", "vfs", ...args]);
    const signed = ["--signature-policy", policy];
    const base = await buildah("from", "scratch");
    await output(["tar", "-C", baseRoot, "-cf", `${folder}/base.tar`, "."]);
    await buildah("add", base, `${folder}/base.tar`, "/");
    await buildah("commit", ...signed, base, BASE);
    const built = ["--isolation", "chroot", "--pull-never", "--build-arg", `BASE=${BASE}`];
    await buildah("build", ...signed, ...built, "--tag", IMAGE, release);
    const image = await buildah("from", ...signed, "--pull-never", IMAGE);
    const config = JSON.parse(await buildah("inspect", "--type", "image", IMAGE));
    const { Entrypoint: program, User: user } = config.OCIv1.config;
    // Not with `buildah run`, which does not pass on signals.
    const root = await buildah("mount", image);
    Deno.mkdirSync(`${root}/proc`, { recursive: true });
    const options = { clearEnv: true, env: { PATH: Deno.env.get("PATH")!, DENO_DIR: "/tmp/deno" } };
    const run = [...inRoot(root, user), ...program];
    const version = isVersion(await output([...run, "--version"], options));
    await serves([...run, "http", "--dir", "/srv", "--port", "0"], {
      ...options,
      signal: "SIGINT",
    });
    await buildah("umount", image);
    const size = (await buildah("images", "--format", "{{.Size}}", IMAGE)).replaceAll("\n", " ");
    return `${version}; ${size}, runs as ${user}`;
  },
};
