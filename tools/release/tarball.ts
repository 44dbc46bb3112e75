/** Makes the archive that a user or an administrator unpacks below a prefix. */
import { type Entry, gzip, tar } from "../executable/archive.ts";

/** The executable inside is compressed already: level 1 would make it 5 % larger, 6 no smaller. */
const LEVEL = 6;

/** Returns a compressed tar archive with `files` in the folder `folder`. */
export async function tarball(
  folder: string,
  files: readonly Entry[],
  date: Date,
): Promise<Uint8Array> {
  const entries = files.map((file) => ({ ...file, name: `${folder}/${file.name}` }));
  return await gzip(await tar(entries, { mtime: date, folders: true }), LEVEL);
}
