/** When files were modified. */

/**
 * Latest modification time of the file `path`, or of a file below the folder `path`, in ms since
 * the epoch; 0 where there is none.
 *
 * @param isWanted tells which paths below a folder count
 */
export function newestMs(path: string, isWanted: (path: string) => boolean = () => true): number {
  try {
    const { isDirectory, mtime } = Deno.statSync(path);
    if (!isDirectory) return mtime?.getTime() ?? 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
  let newest = 0;
  for (const { name } of Deno.readDirSync(path)) {
    const below = `${path}/${name}`;
    if (isWanted(below)) newest = Math.max(newest, newestMs(below, isWanted));
  }
  return newest;
}
