/**
 * Names the bundler's chunks by what is in them. The bundler's own names depend on where the
 * repository and the npm cache are, so that one commit would give other bytes in another folder.
 */
import { createHash } from "node:crypto";

/** A chunk's file name as the bundler makes it, and how other files write it. */
const CHUNK = /^(.+)-[A-Z0-9]{8}\.js$/;
const REFERENCE = /(?<=["'`]\.\/)([\w.-]+-[A-Z0-9]{8}\.js)(?=["'`])/g;

/** Characters of a hash that go into a name. */
const HASH_LENGTH = 8;

/**
 * Returns `files`, by name, with each chunk under its new name, and that name wherever it is used.
 *
 * A hash covers the text, in which the names of other chunks give way to their hashes. As chunks
 * import each other in circles, this starts without names and is repeated until it tells no more
 * chunks apart.
 *
 * @throws if two chunks remain that nothing distinguishes
 */
export function nameChunks(files: ReadonlyMap<string, string>): Map<string, string> {
  const chunks = [...files.keys()].filter((name) => CHUNK.test(name));
  let names = new Map(chunks.map((name) => [name, ""]));
  const renamed = (text: string) => text.replace(REFERENCE, (name) => names.get(name) ?? name);
  for (let told = 0;;) {
    names = new Map(chunks.map((name) => {
      const hash = createHash("sha256").update(renamed(files.get(name)!)).digest("hex");
      return [name, `${CHUNK.exec(name)![1]}-${hash.slice(0, HASH_LENGTH)}.js`];
    }));
    const distinct = new Set(names.values()).size;
    if (distinct === told) break;
    told = distinct;
  }
  const result = new Map<string, string>();
  for (const [name, text] of files) {
    const own = names.get(name) ?? name;
    if (result.has(own)) throw new Error(`Cannot name ${name}: another chunk is ${own}, too`);
    result.set(own, renamed(text));
  }
  return result;
}
