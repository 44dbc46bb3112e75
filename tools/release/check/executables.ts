/** Runs the executables of this machine, and that of arm64 Linux in an emulator. */
import { type Check, isVersion, needs, output, serves, Skipped } from "./check.ts";

export const executable: Check = {
  name: "executable",
  async run({ file, folder }) {
    const ktcp = file(`-${Deno.build.target}`);
    const options = { env: { XDG_CACHE_HOME: folder } };
    const version = isVersion(await output([ktcp, "--version"], options));
    await serves([ktcp, "http", "--port", "0"], options);
    return version;
  },
};

export const archive: Check = {
  name: "tar.gz",
  async run({ file, folder }) {
    const archive = file(`-${Deno.build.target}.tar.gz`);
    await output(["tar", "-xzf", archive, "--strip-components=1", "-C", folder]);
    const env = { XDG_CACHE_HOME: `${folder}/cache` };
    const version = isVersion(await output([`${folder}/bin/ktcp`, "--version"], { env }));
    for (const path of ["share/man/man1/ktcp.1", "share/doc/ktcp/LICENSE"]) {
      Deno.statSync(`${folder}/${path}`);
    }
    return version;
  },
};

/** Where Debian's packages libc6-arm64-cross and libgcc-s1-arm64-cross put the libraries. */
const ARM64_LIBRARIES = "/usr/aarch64-linux-gnu";

export const arm64: Check = {
  name: "arm64 Linux, emulated",
  async run({ file, folder }) {
    await needs("qemu-aarch64-static");
    try {
      Deno.statSync(`${ARM64_LIBRARIES}/lib/libgcc_s.so.1`);
    } catch {
      throw new Skipped("libc6-arm64-cross and libgcc-s1-arm64-cross are not installed");
    }
    const ktcp = file("-aarch64-unknown-linux-gnu");
    // The machine may not start what the executable unpacks: its last line says how to do that.
    await output([
      "sh",
      "-c",
      `LC_ALL=C sed '1,/^exec /d' "$1" | tar -xzC "$2"`,
      "sh",
      ktcp,
      folder,
    ]);
    const text = new TextDecoder().decode(Deno.readFileSync(ktcp).subarray(0, 100_000));
    const [, flags] = /^exec "\$program\/deno" (.+) "\$program\//m.exec(text) ?? [];
    const emulated = ["qemu-aarch64-static", "-L", ARM64_LIBRARIES, `${folder}/deno`];
    const command = [...emulated, ...flags.split(" "), `${folder}/app/ktcp.js`];
    const env = { DENO_DIR: `${folder}/deno_dir` };
    const version = isVersion(await output([...command, "--version"], { env }));
    await serves([...command, "http", "--port", "0"], { env });
    return version;
  },
};
