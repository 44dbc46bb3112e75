/**
 * Makes a Debian package: an ar archive of the format's version, the control files and the files to
 * install. It is made here and not by dpkg-deb, so that every machine can make it, with the same bytes.
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { type Entry, gzip, tar } from "../executable/archive.ts";

/** Compression of the files: level 9 takes three times as long for 1 % less. */
const DATA_LEVEL = 6;

/** The input of {@linkcode debianPackage}. */
export interface DebianPackage {
  /** Fields of the file `control` in their order, except `Installed-Size`. */
  fields: Record<string, string>;
  /** Files to install, named by their paths from the root. */
  files: readonly Entry[];
  /** Scripts of the maintainer: `prerm` and so on. */
  scripts?: Record<string, string>;
  /** Time of everything inside. */
  date: Date;
}

/** Returns the bytes of the package. */
export async function debianPackage(
  { fields, files, scripts = {}, date }: DebianPackage,
): Promise<Uint8Array<ArrayBuffer>> {
  const control = [
    ...Object.entries({ ...fields, "Installed-Size": String(installedKib(files)) })
      .map(([name, value]) => `${name}: ${value}\n`),
  ].join("");
  const controlFiles = [
    { name: "control", body: control, mode: 0o644 },
    { name: "md5sums", body: md5sums(files), mode: 0o644 },
    ...conffiles(files),
    ...Object.entries(scripts).map(([name, body]) => ({ name, body, mode: 0o755 })),
  ];
  const [controlTar, dataTar] = await Promise.all([
    tar(dotted(controlFiles), { mtime: date, folders: true }),
    tar(dotted(files), { mtime: date, folders: true }),
  ]);
  return ar([
    ["debian-binary", Buffer.from("2.0\n")],
    ["control.tar.gz", await gzip(controlTar, 9)],
    ["data.tar.gz", await gzip(dataTar, DATA_LEVEL)],
  ], date);
}

/** `files`, named as dpkg-deb names them. */
function dotted(files: readonly Entry[]): Entry[] {
  return files.map((file) => ({ ...file, name: `./${file.name}` }));
}

/** Files that dpkg asks about before it replaces them: all in `/etc`, as Debian's policy requires. */
function conffiles(files: readonly Entry[]): Entry[] {
  const names = files.map(({ name }) => name).filter((name) => name.startsWith("etc/"));
  if (names.length === 0) return [];
  return [{ name: "conffiles", body: names.map((name) => `/${name}\n`).join(""), mode: 0o644 }];
}

/** Disk space as Debian counts it: whole KiB of each file. */
function installedKib(files: readonly Entry[]): number {
  return files.reduce((sum, { body }) => sum + Math.ceil(Buffer.byteLength(body) / 1024), 0);
}

function md5sums(files: readonly Entry[]): string {
  return files.map(({ name, body }) => `${createHash("md5").update(body).digest("hex")}  ${name}\n`)
    .join("");
}

/** An archive in the common ar format: each member has a header of 60 characters and an even size. */
function ar(members: [name: string, body: Uint8Array][], date: Date): Uint8Array<ArrayBuffer> {
  const seconds = String(Math.floor(date.getTime() / 1000));
  const parts = members.flatMap(([name, body]) => [
    Buffer.from(
      name.padEnd(16) + seconds.padEnd(12) + "0".padEnd(6) + "0".padEnd(6) + "100644".padEnd(8) +
        String(body.length).padEnd(10) + "`\n",
    ),
    body,
    Buffer.from(body.length % 2 === 1 ? "\n" : ""),
  ]);
  return Buffer.concat([Buffer.from("!<arch>\n"), ...parts]);
}
