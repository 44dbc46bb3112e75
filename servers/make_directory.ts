/**
 * Makes the resource for `--dir`: apart from other resources because it needs much to be loaded.
 */
import { type HttpServiceOptions, keptBytes } from "./options.ts";
import type { Resource } from "./resource.ts";
import { DirectoryResource } from "./resources/directory.ts";

/** The resource for the directory of `options`. @throws a system error when it cannot be read */
export function makeDirectory(
  options: HttpServiceOptions,
  parts?: { handsOver?: boolean },
): Resource {
  return new DirectoryResource({ ...options.directory!, ...keptBytes(options) }, parts);
}
