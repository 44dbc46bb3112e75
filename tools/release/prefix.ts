/** What every package installs besides the program, by paths below a prefix such as `/usr/local`. */
import type { Entry } from "../executable/archive.ts";
import { ROOT } from "../shared/repository.ts";

/** Where documents go. */
export const DOCUMENTS = "share/doc/ktcp";

/** Files of the repository that are installed as they are. */
const FILES = ["LICENSE", "NOTICE", "README.md"];

/** Returns the manual pages and completions `texts`, and the documents. */
export function prefixFiles(texts: ReadonlyMap<string, string>): Entry[] {
  const documents = FILES.map((file) =>
    [`${DOCUMENTS}/${file}`, Deno.readTextFileSync(`${ROOT}/${file}`)] as const
  );
  return [...texts, ...documents].map(([name, body]) => ({ name, body, mode: 0o644 }));
}
