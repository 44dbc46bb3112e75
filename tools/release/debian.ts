/** Makes the Debian package of ktcp: what is installed where, and what Debian wants to know. */
import { join } from "node:path";
import { RUN_FLAGS, SEALED_FLAGS } from "../../cli/shared/deno_flags.ts";
import { type Entry, gzip } from "../executable/archive.ts";
import type { Bundle } from "../executable/bundle.ts";
import type { Licensed } from "../executable/licences.ts";
import { fill } from "../executable/template.ts";
import { ROOT } from "../shared/repository.ts";
import { debianCopyright } from "./debian_copyright.ts";
import { debianPackage } from "./debian_package.ts";
import type { ReleaseInfo } from "./release_info.ts";

const PACKAGING = `${ROOT}/packaging`;
const DOCUMENTS = "usr/share/doc/ktcp";

/** Counts changes of the packaging within one version. */
const REVISION = 1;

/** What a Debian package of ktcp is made of. */
export interface DebianParts {
  info: ReleaseInfo;
  bundle: Bundle;
  /** The `deno` inside. */
  deno: Uint8Array<ArrayBuffer>;
  /** Debian's name of the architecture. */
  architecture: string;
  /** Manual pages and completions by their paths below a prefix. */
  texts: ReadonlyMap<string, string>;
  /** What is inside, with the licences. */
  contents: readonly Licensed[];
  /** The person to write to, `Name <address>`. */
  maintainer: string;
}

/** Debian's version of the release. */
export function debianVersion({ version }: ReleaseInfo): string {
  return `${version}-${REVISION}`;
}

/** Returns the bytes of the package. */
export async function debian(parts: DebianParts): Promise<Uint8Array<ArrayBuffer>> {
  const { info, architecture, maintainer } = parts;
  return await debianPackage({
    fields: {
      Package: "ktcp",
      Version: debianVersion(info),
      Architecture: architecture,
      Maintainer: maintainer,
      // The libraries that deno is linked with; the version has the newest symbols that it uses.
      Depends: "libc6 (>= 2.27), libgcc-s1",
      Section: "net",
      Priority: "optional",
      Description: fill(Deno.readTextFileSync(`${PACKAGING}/debian/description`), {
        DESCRIPTION: info.description[0].toLowerCase() + info.description.slice(1),
      }).trimEnd(),
    },
    files: [...await files(parts), ...systemdUnits(), overrides()]
      .sort((a, b) => a.name < b.name ? -1 : 1),
    scripts: scripts(),
    date: info.date,
  });
}

async function files(parts: DebianParts): Promise<Entry[]> {
  const { info, bundle, deno, texts, contents, maintainer } = parts;
  const launcher = fill(Deno.readTextFileSync(`${PACKAGING}/ktcp.sh`), {
    VERSION: info.version,
    FLAGS: [...RUN_FLAGS, ...SEALED_FLAGS].join(" "),
    ENTRY: bundle.entry,
  });
  const file = (name: string, body: Entry["body"]) => ({ name, body, mode: 0o644 });
  // As Debian requires: compressed with the highest level, without a date.
  const compressed = async (name: string, text: string) => file(`${name}.gz`, await gzip(text, 9));
  const changelog = fill(Deno.readTextFileSync(`${PACKAGING}/debian/changelog`), {
    VERSION: debianVersion(info),
    COMMIT: info.commit,
    MAINTAINER: maintainer,
    DATE: info.date.toUTCString().replace("GMT", "+0000"),
  });
  return [
    { name: "usr/bin/ktcp", body: launcher, mode: 0o755 },
    { name: "usr/lib/ktcp/deno", body: deno, mode: 0o755 },
    ...bundle.files.map((name) =>
      file(`usr/lib/ktcp/app/${name}`, Deno.readFileSync(join(bundle.folder, name)))
    ),
    ...await Promise.all(
      [...texts].map(([path, text]) =>
        path.startsWith("share/man/")
          ? compressed(`usr/${path}`, text)
          : file(`usr/${path.replace("/site-functions/", "/vendor-completions/")}`, text)
      ),
    ),
    await compressed(`${DOCUMENTS}/changelog.Debian`, changelog),
    await compressed(`${DOCUMENTS}/NOTICE`, Deno.readTextFileSync(`${ROOT}/NOTICE`)),
    await compressed(`${DOCUMENTS}/README.md`, Deno.readTextFileSync(`${ROOT}/README.md`)),
    file(`${DOCUMENTS}/copyright`, debianCopyright(contents)),
  ];
}

/** Where the systemd units, and the file of their options, are installed. */
const UNITS: Record<string, string> = {
  "ktcp.default": "etc/default/ktcp",
  "ktcp.service": "usr/lib/systemd/system/ktcp.service",
  "ktcp.socket": "usr/lib/systemd/system/ktcp.socket",
};

/** The systemd units in `packaging`. None is enabled: the administrator does that. */
function systemdUnits(): Entry[] {
  return Object.entries(UNITS).map(([file, name]) => ({
    name,
    body: Deno.readTextFileSync(`${PACKAGING}/${file}`),
    mode: 0o644,
  }));
}

/** What lintian is told not to complain about, and why. */
function overrides(): Entry {
  const body = Deno.readTextFileSync(`${PACKAGING}/debian/overrides`);
  return { name: "usr/share/lintian/overrides/ktcp", body, mode: 0o644 };
}

/** Scripts that the units need. */
function scripts(): Record<string, string> {
  return Object.fromEntries(
    ["prerm", "postrm"].map((name) => [
      name,
      Deno.readTextFileSync(`${PACKAGING}/debian/${name}`),
    ]),
  );
}
