/** The only reader of the kernel's text files (`/proc`, `/sys`). */

/** Whether reading `path` is permitted: to try without permission would ask the user for it. */
export function mayRead(path: string): boolean {
  return Deno.permissions.querySync({ name: "read", path }).state === "granted";
}

/** The text of the file `path`, or null where there is none or it may not be read. */
export function readProc(path: string): string | null {
  if (!mayRead(path)) return null;
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    const isExpected = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotCapable || error instanceof Deno.errors.PermissionDenied ||
      error instanceof Deno.errors.NotADirectory;
    if (isExpected) return null;
    throw error;
  }
}
