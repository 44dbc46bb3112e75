/** What a release is made for, and the Deno that it is made with. */

/** The version of Deno inside, as the npm package `deno` ships it. */
export const DENO_VERSION = "2.9.6";

/** A kind of machine. */
export interface Target {
  /** The value of `Deno.build.target`. */
  name: string;
  /** The npm package with its `deno`, and what the registry states about that version. */
  npm: { name: string; integrity: string };
  /** Debian's name of the architecture; none where there is no Debian package. */
  debian?: string;
}

/** In the order of `optionalDependencies` of the npm package `deno`, without Windows. */
export const TARGETS: readonly Target[] = [
  {
    name: "x86_64-apple-darwin",
    npm: {
      name: "@deno/darwin-x64",
      integrity:
        "sha512-tPi3CWPRdjW1MaWlvWjORE7Ass5SADdWdj1BF1Q1PEdzi+5u/mC5YhmZzniMiPr81PpaFeqjXaLAsfb8lFsZ0Q==",
    },
  },
  {
    name: "aarch64-apple-darwin",
    npm: {
      name: "@deno/darwin-arm64",
      integrity:
        "sha512-V8uO1Aolrl/yvdMb5lOtgtigs8YuZBjrOrgviVMiYkQ0swymFfzkae1wZak4Xi24t7vf7d/eiMb/7ryjjVm+tg==",
    },
  },
  {
    name: "x86_64-unknown-linux-gnu",
    npm: {
      name: "@deno/linux-x64-glibc",
      integrity:
        "sha512-3md4TKLCuzsLDmfOoC5KN7NAZaxSVkMgm64vg6foD00JBADCpYS2/5QqXfzgnP5ZQz3iLP9vBQJtEgc116OAoQ==",
    },
    debian: "amd64",
  },
  {
    name: "aarch64-unknown-linux-gnu",
    npm: {
      name: "@deno/linux-arm64-glibc",
      integrity:
        "sha512-poqhoH9B3nYloigEMPT5t8HY+wBeiuea1An5Q7fqgJzP0SYmWsoS/oUnWO/pEiA4ofzIBy1Elt/in58xKtxEoQ==",
    },
    debian: "arm64",
  },
];
