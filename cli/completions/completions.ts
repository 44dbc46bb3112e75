/** `ktcp completions`: completion scripts for shells, made from the commands' own options. */
import { Argument, Command } from "commander";
import type { CommandEntry } from "../shared/command.ts";
import { bashScript } from "./bash.ts";
import { fishScript } from "./fish.ts";
import { describe } from "./words.ts";
import { zshScript } from "./zsh.ts";
import { withNotes } from "../shared/help.ts";
import { printResult } from "../shared/output.ts";
import { wholeProgram } from "../shared/program.ts";

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript };

/** Builds the command, which completes the commands of `table`. */
export function command(table: readonly CommandEntry[]): Command {
  const completions = new Command("completions")
    .description("Prints a script that lets a shell complete ktcp's commands and options.")
    .addArgument(new Argument("<shell>", "the shell").choices(Object.keys(SCRIPTS)));
  return withNotes(completions, {
    examples: [
      [
        "ktcp completions bash > ~/.local/share/bash-completion/completions/ktcp",
        "for bash, with bash-completion",
      ],
      [
        "ktcp completions zsh > ~/.zfunc/_ktcp",
        "for zsh, with ~/.zfunc in $fpath before compinit",
      ],
      ["ktcp completions fish > ~/.config/fish/completions/ktcp.fish", "for fish"],
    ],
  })
    .action(async (shell: keyof typeof SCRIPTS) => {
      printResult(SCRIPTS[shell](describe(await wholeProgram(table))));
    });
}
