/**
 * Globs over paths below the root, as options write them. Pure.
 *
 *     *    any characters but /        ?    one of them
 *     ** any characters, / too; before a slash also nothing, so that `a/` `**` `/b` names a/b
 *
 * A glob with a slash names paths from the root on (`assets/**`), with or without a leading slash;
 * one without names files in every directory (`*.js`).
 */

const SPECIAL = /[.+^${}()|[\]\\]/g;

/** The pattern of paths (without leading slash) that `glob` names; each star is a group of it. */
export function globPattern(glob: string): RegExp {
  const isRooted = glob.includes("/");
  const text = glob.replace(/^\//, "");
  const source = text.replace(/\*\*\/|\*\*|\*|\?|[^*?]+/g, (part) => {
    if (part === "**/") return "((?:.*/)?)";
    if (part === "**") return "(.*)";
    if (part === "*") return "([^/]*)";
    if (part === "?") return "[^/]";
    return part.replace(SPECIAL, "\\$&");
  });
  return new RegExp(`^${isRooted ? "" : "(?:.*/)?"}${source}$`, "s");
}

/**
 * Whether `text` is to be read as a glob where other text may be given: it has a slash or a
 * wildcard.
 */
export function isGlob(text: string): boolean {
  return /[/*?]/.test(text);
}
