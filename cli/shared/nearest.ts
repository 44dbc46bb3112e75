/** What somebody may have meant who wrote a word that nobody knows. */
import { Command, CommanderError } from "commander";

/** How commander tells what is near. */
const NEAR = /\s*\(Did you mean (?:one of )?(.+)\?\)/;

/**
 * Those of `candidates` that are nearest to `word`, or that it begins; none when nothing is near. The
 * distance is that of commander, whose unknown commands they are here.
 */
export function nearest(word: string, candidates: readonly string[]): string[] {
  const scratch = new Command().helpCommand(false).exitOverride()
    .configureOutput({ writeErr: () => {} });
  const others = candidates.filter((candidate) => candidate !== word);
  for (const other of others) scratch.command(other);
  try {
    scratch.parse([word], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const near = NEAR.exec(error.message)?.[1].split(", ");
    if (near !== undefined) return near;
  }
  return word.length < 2 ? [] : others.filter((other) => other.startsWith(word));
}

/** `; did you mean 'http'?`, or nothing when `candidates` has nothing near `word`. */
export function suggestion(word: string, candidates: readonly string[]): string {
  return suggested(nearest(word, candidates));
}

/** `message` of commander with its proposal as {@linkcode suggestion} writes it. */
export function withSuggestion(message: string): string {
  return message.replace(NEAR, (_whole, names: string) => suggested(names.split(", ")));
}

function suggested(names: readonly string[]): string {
  if (names.length === 0) return "";
  return `; did you mean ${names.map((name) => `'${name}'`).join(" or ")}?`;
}
