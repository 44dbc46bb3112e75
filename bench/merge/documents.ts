/** Saved documents: one per file, or several concatenated, as by `cat` and pipes. */

/** A document, and its name in error messages. */
export interface Source {
  name: string;
  document: Readonly<Record<string, unknown>>;
  /** The document's own text. */
  text: string;
}

/**
 * The JSON objects in `text`, in order.
 *
 * @param name the file's name; if there are several objects, each gets its number appended
 * @throws {SyntaxError} when there is none, or anything else between them
 */
export function readDocuments(text: string, name: string): Source[] {
  const texts = objectTexts(text, name);
  if (texts.length === 0) {
    throw new SyntaxError(`Cannot read ${name}: it is empty; save runs there with --json`);
  }
  return texts.map((own, i) => {
    const ownName = texts.length === 1 ? name : `${name} (document ${i + 1})`;
    try {
      return { name: ownName, text: own, document: JSON.parse(own) };
    } catch {
      throw new SyntaxError(
        `Cannot read ${ownName}: it is no whole JSON document; save the run again with --json`,
      );
    }
  });
}

/** Splits `text` at the ends of its outermost objects. */
function objectTexts(text: string, name: string): string[] {
  const texts: string[] = [];
  let depth = 0;
  let start = 0;
  // Strings are skipped as a whole, because they may contain braces.
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"?|[{}]/gs)) {
    if (token === "{" && depth++ === 0) {
      checkBetween(text.slice(start, index), name);
      start = index;
    } else if (token === "}" && --depth === 0) {
      texts.push(text.slice(start, index + 1));
      start = index + 1;
    }
    if (depth < 0) break;
  }
  const rest = text.slice(start);
  if (depth <= 0) checkBetween(rest, name);
  else texts.push(rest);
  return texts;
}

function checkBetween(text: string, name: string): void {
  const line = text.trim().split("\n")[0];
  if (line === "") return;
  const shown = line.length > 40 ? `${line.slice(0, 40)}…` : line;
  throw new SyntaxError(
    `Cannot read ${name}: '${shown}' is no JSON document; ` +
      "save only stdout of runs with --json, without stderr",
  );
}
