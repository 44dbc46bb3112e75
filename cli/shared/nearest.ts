/** Suggests what a user may have meant by an unknown word. */
import { Command, CommanderError } from "commander";

/** How commander's messages name similar words. */
const NEAR = /\s*\(Did you mean (?:one of )?(.+)\?\)/;

/**
 * Those of `candidates` that are most similar to `word`, or else those that begin with it; none when
 * nothing is similar. Commander decides: `word` is parsed as a command of a scratch program whose
 * commands are the candidates.
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
