/**
 * Paths of POSIX. `node:path` knows more of them, but takes milliseconds of the start of each thread
 * that loads it.
 */

/**
 * The absolute path that `path` names from the working directory, without empty parts, `.` and `..`.
 * What links lead to is not looked at.
 */
export function absolutePath(path: string): string {
  const parts: string[] = [];
  for (const part of (path.startsWith("/") ? path : `${Deno.cwd()}/${path}`).split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}
