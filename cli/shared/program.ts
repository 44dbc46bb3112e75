/** The program itself as a command: what `ktcp --help`, the completions and the man page show. */
import { Command, CommanderError } from "commander";
import { unitsHelp } from "./options.ts";
import type { CommandEntry } from "./command.ts";
import { printResult } from "./output.ts";
import { VERSION, versionText } from "./version.ts";

/** Returns `ktcp` with its own options and without any command. */
export function newProgram(): Command {
  return new Command("ktcp")
    .description("A network playground: echo and HTTP servers, and the clients that measure them.")
    .usage("<command> [options]")
    .option("-V, --version", "print the version, the commit and Deno's version")
    .on("option:version", () => {
      printResult(versionText());
      throw new CommanderError(0, "commander.version", VERSION);
    })
    .helpOption("-h, --help", "print this help")
    .helpCommand(false)
    // Options belong to the command they stand behind, not to its parent.
    .enablePositionalOptions()
    .addHelpText("after", "\nktcp <command> --help explains a command.");
}

/** Loads a command; its help ends with how sizes and durations are written, if it takes any. */
export async function loadCommand(
  load: CommandEntry["load"],
  table: readonly CommandEntry[],
): Promise<Command> {
  const command = (await load()).command(table);
  return command.addHelpText("after", unitsHelp(command.options.map(({ flags }) => flags)));
}

/** Returns `ktcp` with all commands of `table`, each loaded and complete. */
export async function wholeProgram(table: readonly CommandEntry[]): Promise<Command> {
  const program = newProgram();
  for (const { summary, load } of table) {
    program.addCommand((await loadCommand(load, table)).summary(summary));
  }
  return program;
}
