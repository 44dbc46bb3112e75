/** Packs files so that equal files give equal bytes: owned by root, of the date that is given. */
import { dirname } from "node:path";
import { promisify } from "node:util";
import { gzip as gzipCallback } from "node:zlib";
import { packTar } from "modern-tar";

/** A file in an archive. */
export interface Entry {
  /** Path inside of the archive, without a slash at its beginning. */
  name: string;
  body: Uint8Array<ArrayBuffer> | string;
  /** Permission bits. */
  mode: number;
}

/** Options of {@linkcode tar}. */
export interface TarOptions {
  /** Modification time of everything inside. */
  mtime: Date;
  /** Put an entry for each folder before what is in it. Default: files alone. */
  folders?: boolean;
}

/** Returns the tar archive of `entries`, in their order. */
export async function tar(
  entries: readonly Entry[],
  { mtime, folders = false }: TarOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const common = { mtime, uid: 0, gid: 0, uname: "root", gname: "root" };
  const above = folders ? foldersOf(entries.map(({ name }) => name)) : [];
  return await packTar([
    ...above.map((name) => ({
      header: { ...common, name: `${name}/`, size: 0, mode: 0o755, type: "directory" as const },
    })),
    ...entries.map(({ name, body, mode }) => {
      const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
      return { header: { ...common, name, mode, size: bytes.length }, body: bytes };
    }),
  ]);
}

/** The folders above `paths`, parents first. */
function foldersOf(paths: readonly string[]): string[] {
  const folders = new Set<string>();
  for (let path of paths) {
    while ((path = dirname(path)) !== ".") folders.add(path);
  }
  return [...folders].sort();
}

const compress = promisify(gzipCallback);

/** Returns `bytes` compressed at `level`, with neither a name nor a date in the header. */
export async function gzip(
  bytes: Uint8Array | string,
  level: number,
): Promise<Uint8Array<ArrayBuffer>> {
  return await compress(bytes, { level }) as Uint8Array<ArrayBuffer>;
}
