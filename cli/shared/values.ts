/** What a shell can offer for the value of an option or an argument. */
import { Argument, type Option } from "commander";

/** Names of files, of directories, or words of a list. */
export type Values = "file" | "directory" | readonly string[];

/** Words that are offered for values which may also be something else. */
const lists = new WeakMap<Option | Argument, readonly string[]>();

/** Lets shells offer `words` for the value of `owner`, which takes others, too. */
export function offering<Owner extends Option | Argument>(
  owner: Owner,
  words: readonly string[],
): Owner {
  lists.set(owner, words);
  return owner;
}

/** What a value is, by what the help calls it. */
const KINDS: Record<string, "file" | "directory"> = {
  "file": "file",
  "file...": "file",
  "files": "file",
  "file.c": "file",
  "path": "file",
  "directory": "directory",
  "dir": "directory",
};

/** What can be offered for the value of `owner`: nothing, an empty list, for numbers and the like. */
export function valuesOf(owner: Option | Argument): Values {
  const words = owner.argChoices ?? lists.get(owner);
  if (words !== undefined) return words;
  const name = owner instanceof Argument
    ? owner.name()
    : /[<[](.+)[>\]]/.exec(owner.flags)?.[1] ?? "";
  return KINDS[name] ?? [];
}
