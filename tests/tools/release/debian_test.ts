/** The Debian package: its structure, its control files, and the launcher that it installs. */
import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { unpackTar } from "modern-tar";
import { RUN_FLAGS } from "../../../cli/shared/deno_flags.ts";
import { Process } from "../../../system/process.ts";
import type { Bundle } from "../../../tools/executable/bundle.ts";
import { debian, type DebianParts } from "../../../tools/release/debian.ts";

const date = new Date(1_700_000_000_000);

/** Deno's place is taken by a script that prints what it was started with. */
const DENO = '#!/bin/sh\nprintf "%s\\n" "DENO_DIR=$DENO_DIR" "$@"\n';

function parts(folder: string): DebianParts {
  Deno.writeTextFileSync(`${folder}/ktcp.js`, "// the program\n");
  return {
    info: { version: "9.8.7", commit: "abc", date, description: "Net tool", license: "MIT" },
    bundle: { folder, entry: "ktcp.js", workers: [], files: ["ktcp.js"], packages: [] } as Bundle,
    deno: new TextEncoder().encode(DENO),
    architecture: "arm64",
    texts: new Map([
      ["share/man/man1/ktcp.1", ".TH KTCP 1"],
      ["share/zsh/site-functions/_ktcp", "#compdef ktcp"],
    ]),
    contents: [
      { name: "deno", version: "2.9.6", licence: "MIT", text: "" },
      { name: "pako", version: "1.0.11", licence: "(MIT AND Zlib)", text: "" },
    ],
    maintainer: "Some Body <body@example.org>",
  };
}

/** The members of an ar archive. */
function members(bytes: Uint8Array): Map<string, Uint8Array> {
  const text = (from: number, to: number) =>
    new TextDecoder("latin1").decode(bytes.subarray(from, to)).trim();
  assert.equal(text(0, 8), "!<arch>");
  const found = new Map<string, Uint8Array>();
  for (let at = 8; at < bytes.length;) {
    assert.equal(text(at + 58, at + 60), "`");
    assert.equal(text(at + 16, at + 28), String(date.getTime() / 1000));
    const size = Number(text(at + 48, at + 58));
    found.set(text(at, at + 16), bytes.subarray(at + 60, at + 60 + size));
    at += 60 + size + size % 2;
  }
  return found;
}

async function withPackage(
  look: (bytes: Uint8Array, folder: string) => Promise<void>,
): Promise<void> {
  const folder = Deno.makeTempDirSync();
  try {
    await look(await debian(parts(folder)), folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

async function filesOf(member: Uint8Array) {
  const entries = await unpackTar(gunzipSync(member));
  for (const { header } of entries) {
    assert.deepEqual([header.uid, header.gid, header.uname, header.gname], [0, 0, "root", "root"]);
    assert.equal(header.mtime?.getTime(), date.getTime());
  }
  return new Map(entries.map((entry) => [entry.header.name, entry]));
}

Deno.test("debian() makes an archive of version, control files and files", async () => {
  await withPackage(async (bytes) => {
    const found = members(bytes);
    assert.deepEqual([...found.keys()], ["debian-binary", "control.tar.gz", "data.tar.gz"]);
    assert.equal(new TextDecoder().decode(found.get("debian-binary")), "2.0\n");

    const control = await filesOf(found.get("control.tar.gz")!);
    const text = (name: string) => new TextDecoder().decode(control.get(name)!.data!);
    const fields = text("./control");
    for (
      const line of [
        ...["Package: ktcp", "Version: 9.8.7-1", "Architecture: arm64"],
        ...["Maintainer: Some Body <body@example.org>", "Description: net tool"],
      ]
    ) assert.ok(fields.split("\n").includes(line), line);
    assert.match(fields, /^Installed-Size: \d+\n$/m);

    assert.equal(text("./conffiles"), "/etc/default/ktcp\n");

    const data = await filesOf(found.get("data.tar.gz")!);
    const listed = text("./md5sums").trim().split("\n").map((line) => `./${line.split("  ")[1]}`);
    const files = [...data.values()].filter(({ header }) => header.type === "file");
    assert.deepEqual(files.map(({ header }) => header.name), listed);
    for (const { header } of files) {
      const parents = header.name.split("/").slice(0, -1);
      assert.ok(data.has(`${parents.join("/")}/`), `${header.name} has its folder before it`);
    }
    const modes = Object.fromEntries(files.map(({ header: { name, mode } }) => [name, mode]));
    assert.equal(modes["./usr/bin/ktcp"], 0o755);
    assert.equal(modes["./usr/lib/ktcp/deno"], 0o755);
    for (
      const path of [
        ...["usr/lib/ktcp/app/ktcp.js", "usr/share/man/man1/ktcp.1.gz"],
        ...["usr/share/zsh/vendor-completions/_ktcp", "usr/share/doc/ktcp/copyright"],
        ...["usr/share/doc/ktcp/changelog.Debian.gz", "usr/share/doc/ktcp/NOTICE.gz"],
        ...["usr/lib/systemd/system/ktcp.service", "usr/lib/systemd/system/ktcp.socket"],
        "etc/default/ktcp",
      ]
    ) assert.equal(modes[`./${path}`], 0o644, path);
    const changelog = gunzipSync(data.get("./usr/share/doc/ktcp/changelog.Debian.gz")!.data!);
    assert.match(String(changelog), /^ktcp \(9\.8\.7-1\) unstable; /);
    assert.match(String(changelog), /<body@example\.org> {2}Tue, 14 Nov 2023 22:13:20 \+0000\n$/);
  });
});

Deno.test("debian() names every licence inside, with its text or where that is", async () => {
  await withPackage(async (bytes) => {
    const data = await filesOf(members(bytes).get("data.tar.gz")!);
    const text = new TextDecoder().decode(data.get("./usr/share/doc/ktcp/copyright")!.data!);
    assert.match(text, /^Copyright: \d{4} The ktcp authors\n the authors of pako\n/m);
    assert.match(text, /^License: Expat and Zlib$/m);
    assert.match(text, /^License: Expat\n Permission is hereby granted.+\n/m);
    assert.match(text, /^License: Zlib\n The texts, .+\n \/usr\/share\/doc\/ktcp\/NOTICE\.gz\./m);
  });
});

Deno.test("debian() gives the same bytes for the same parts", async () => {
  await withPackage(async (bytes, folder) => {
    assert.deepEqual(await debian(parts(folder)), bytes);
  });
});

Deno.test("packaging/ktcp.sh passes arguments on, and keeps Deno's cache with the user's", async () => {
  await withPackage(async (bytes, folder) => {
    const data = await filesOf(members(bytes).get("data.tar.gz")!);
    const launcher = new TextDecoder().decode(data.get("./usr/bin/ktcp")!.data!);
    Deno.mkdirSync(`${folder}/lib`);
    Deno.writeTextFileSync(`${folder}/lib/deno`, DENO, { mode: 0o755 });
    const path = `${folder}/ktcp`;
    Deno.writeTextFileSync(path, launcher.replaceAll("/usr/lib/ktcp/", `${folder}/lib/`), {
      mode: 0o755,
    });
    const cases: [env: Record<string, string>, cache: string][] = [
      [{ XDG_CACHE_HOME: "/a b" }, "/a b/ktcp-deno"],
      [{ XDG_CACHE_HOME: "relative", HOME: "/home/x" }, "/home/x/.cache/ktcp-deno"],
      [{ HOME: "/home/x" }, "/home/x/.cache/ktcp-deno"],
      [{}, "/dev/null/ktcp-deno"],
    ];
    for (const [env, cache] of cases) {
      const command = [path, "http", " a\tb ", "*", ""];
      const { out } = await new Process(command, { env, clearEnv: true }).ended;
      assert.deepEqual(out.split("\n").slice(0, -1), [
        `DENO_DIR=${cache}`,
        ...["run", ...RUN_FLAGS, "--no-config", "--no-lock", "--no-remote", "--no-npm"],
        `${folder}/lib/app/ktcp.js`,
        ...["http", " a\tb ", "*", ""],
      ]);
    }
  });
});
