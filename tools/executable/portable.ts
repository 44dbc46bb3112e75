/**
 * Builds the portable executable: a POSIX shell head, then a compressed archive with the bundle and
 * a `deno`. It needs nothing but a POSIX system to run.
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { RUN_FLAGS, SEALED_FLAGS } from "../../cli/shared/deno_flags.ts";
import { gzip, tar } from "./archive.ts";
import type { Bundle } from "./bundle.ts";
import { fill } from "./template.ts";

/**
 * gzip's level: 42.6 MB in 2 s; level 9 needs 6 s for 1.2 MB less. Uncompressed it would be 96 MB,
 * and the first start 0.8 s faster.
 */
const GZIP_LEVEL = 6;

/** What the head states in its third line, in as many characters as the real values take. */
const SHA256_HOLDER = "@SHA256@";
const BYTES_HOLDER = "@BYTES@";

/** What a portable executable is made of. */
export interface PortableParts {
  version: string;
  bundle: Bundle;
  /** The `deno` inside. */
  deno: Uint8Array<ArrayBuffer>;
  /** What that runs on, as `Deno.build.target` says it. */
  target: string;
}

/** Returns the bytes of the executable. */
export async function buildPortable(
  { version, bundle, deno, target }: PortableParts,
): Promise<Uint8Array<ArrayBuffer>> {
  const entries = [
    { name: "deno", body: deno, mode: 0o700 },
    ...bundle.files.map((file) => ({
      name: `app/${file}`,
      body: Deno.readFileSync(join(bundle.folder, file)),
      mode: 0o600,
    })),
  ];
  const archive = await tar(entries, { mtime: new Date(0) });
  const payload = await gzip(archive, GZIP_LEVEL);

  const template = Deno.readTextFileSync(new URL("head.sh", import.meta.url));
  const head = fill(template, {
    VERSION: version,
    ENTRY: bundle.entry,
    ...stated(entries.map(({ name, body }) => ({ name, size: body.length }))),
    FLAGS: [...RUN_FLAGS, ...SEALED_FLAGS].join(" "),
    TARGET: target,
    UNPACKED_MB: String(Math.ceil(archive.length / 1e6)),
    PAYLOAD_LINE: String(template.split("\n").length),
  });
  const covered = head.split("\n").slice(3).join("\n");
  const sha256 = createHash("sha256").update(covered).update(payload).digest("hex");
  return sized(head.replace(SHA256_HOLDER, sha256), payload);
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

/** Joins both, and writes into `head` how long they are together, its own digits included. */
function sized(head: string, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const rest = new TextEncoder().encode(head.replace(BYTES_HOLDER, "")).length + payload.length;
  let bytes = rest;
  while (bytes !== rest + String(bytes).length) bytes = rest + String(bytes).length;
  return Buffer.concat([Buffer.from(head.replace(BYTES_HOLDER, String(bytes))), payload]);
}
