/** What is installed besides the executable: manual pages and completions, which it prints itself. */
import type { Command } from "commander";
import { COMMANDS } from "../../cli/commands.ts";
import { pageName } from "../../cli/man/page.ts";
import { wholeProgram } from "../../cli/shared/program.ts";

/** A file below the prefix, and the arguments that make ktcp print it. */
export interface InstalledText {
  path: string;
  args: string[];
}

const COMPLETIONS: readonly InstalledText[] = [
  { path: "share/bash-completion/completions/ktcp", args: ["completions", "bash"] },
  { path: "share/zsh/site-functions/_ktcp", args: ["completions", "zsh"] },
  { path: "share/fish/vendor_completions.d/ktcp.fish", args: ["completions", "fish"] },
];

/** All texts that are installed. */
export async function installedTexts(): Promise<InstalledText[]> {
  return [...pagesOf(await wholeProgram(COMMANDS), []), ...COMPLETIONS];
}

/**
 * Returns the texts by their paths.
 *
 * @param ktcp the command line that runs ktcp
 * @throws if it fails
 */
export async function printedTexts(
  [program, ...first]: readonly string[],
): Promise<Map<string, string>> {
  const decoder = new TextDecoder();
  const texts = new Map<string, string>();
  for (const { path, args } of await installedTexts()) {
    const command = new Deno.Command(program, { args: [...first, ...args] });
    const { success, stdout, stderr } = await command.output();
    if (!success) throw new Error(`Cannot print ${path}: ${decoder.decode(stderr)}`);
    texts.set(path, decoder.decode(stdout));
  }
  return texts;
}

/** The pages of `command`, which `words` name, and of those below it. */
function pagesOf(command: Command, words: readonly string[]): InstalledText[] {
  const path = `share/man/man1/${pageName(command)}.1`;
  return [
    { path, args: ["man", ...words] },
    ...command.commands.flatMap((sub) => pagesOf(sub as Command, [...words, sub.name()])),
  ];
}
