/**
 * Builds the portable executable: a POSIX shell head, then a compressed archive with the bundle and
 * the `deno` in use. It needs no download to build and nothing but a POSIX system to run.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { packTar } from "modern-tar";
import type { Bundle } from "./bundle.ts";

/**
 * gzip's level: 42.6 MB in 2 s; level 9 needs 6 s for 1.2 MB less. Uncompressed it would be 96 MB,
 * and the first start 0.8 s faster.
 */
const GZIP_LEVEL = 6;

/** What the head states in its third line, in as many characters as the real values take. */
const SHA256_HOLDER = "@SHA256@";
const BYTES_HOLDER = "@BYTES@";

/** Options of {@linkcode buildPortable}. */
export interface PortableOptions {
  version: string;
  /** Flags of `deno run`. */
  flags: string[];
}

/** Returns the bytes of the executable that holds `bundle` and the `deno` at `denoPath`. */
export async function buildPortable(
  bundle: Bundle,
  denoPath: string,
  { version, flags }: PortableOptions,
): Promise<Uint8Array[]> {
  const entries = [
    tarEntry("deno", denoPath, 0o700),
    ...bundle.files.map((file) => tarEntry(`app/${file}`, join(bundle.folder, file), 0o600)),
  ];
  const archive = await packTar(entries);
  const payload = gzipSync(archive, { level: GZIP_LEVEL });

  const template = Deno.readTextFileSync(new URL("head.sh", import.meta.url));
  const head = fill(template, {
    VERSION: version,
    ENTRY: bundle.entry,
    ...stated(entries.map(({ header }) => header)),
    FLAGS: flags.join(" "),
    TARGET: Deno.build.target,
    UNPACKED_MB: String(Math.ceil(archive.length / 1e6)),
    PAYLOAD_LINE: String(template.split("\n").length),
  });
  const covered = head.split("\n").slice(3).join("\n");
  const sha256 = createHash("sha256").update(covered).update(payload).digest("hex");
  return sized(head.replace(SHA256_HOLDER, sha256), payload);
}

/** A file as the archive holds it: of no date and no owner, so that equal input gives equal bytes. */
function tarEntry(name: string, path: string, mode: number) {
  const body = Deno.readFileSync(path);
  const header = { name, mode, size: body.length, mtime: new Date(0), uid: 0, gid: 0 };
  return { header, body };
}

/** What the head knows of the files: their names, and names and sizes as it reads them from `ls`. */
function stated(files: { name: string; size: number }[]): { NAMES: string; SIZES: string } {
  const sorted = files.toSorted((a, b) => a.name < b.name ? -1 : 1);
  const odd = sorted.find(({ name }) => !/^[\w./-]+$/.test(name));
  if (odd !== undefined) {
    throw new Error(`Cannot state '${odd.name}' in the head: a shell reads it`);
  }
  return {
    NAMES: sorted.map(({ name }) => name).join(" "),
    SIZES: sorted.map(({ name, size }) => `${name} ${size}`).join(" "),
  };
}

/** Replaces each `@NAME@` of `template` that `values` knows. */
function fill(template: string, values: Record<string, string>): string {
  return template.replaceAll(/@([A-Z_0-9]+)@/g, (whole, name) => values[name] ?? whole);
}

/** Writes into `head` how long both together are, its own digits included. */
function sized(head: string, payload: Uint8Array): Uint8Array[] {
  const rest = new TextEncoder().encode(head.replace(BYTES_HOLDER, "")).length + payload.length;
  let bytes = rest;
  while (bytes !== rest + String(bytes).length) bytes = rest + String(bytes).length;
  return [new TextEncoder().encode(head.replace(BYTES_HOLDER, String(bytes))), payload];
}
