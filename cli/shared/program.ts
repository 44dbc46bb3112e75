/** The program itself as a command: what `ktcp --help`, the completions and the man pages show. */
import { Command, CommanderError, Option } from "commander";
import { UsageError } from "./failure.ts";
import { examplesText, HelpLayout, presented, withNotes } from "./help.ts";
import type { CommandEntry } from "./command.ts";
import { addOptions } from "./options.ts";
import { outputWidth, printResult } from "./output.ts";
import { VERSION, versionText } from "./version.ts";

/** What a new user would try first, in this order. */
const FIRST_STEPS = [
  ["ktcp http .", "serve this directory on http://localhost:8081/"],
  ["ktcp htstress -k -c 32 localhost:8081", "measure that server, from a second terminal"],
  ["ktcp bench", "measure an echo server; without one, ktcp starts its own"],
  ["ktcp lab backlog", "an experiment that explains its result; 'ktcp lab list' names all"],
] as const;

const DESCRIPTION =
  "A network playground: echo and HTTP servers, and the clients that measure them.";

/** Returns `ktcp` with its own options and without any command. */
export function newProgram(): Command {
  const program = new Command("ktcp")
    .description(DESCRIPTION)
    .usage("<command> [options]")
    .helpCommand(false)
    // Options belong to the command they stand behind, not to its parent.
    .enablePositionalOptions()
    .hook("preSubcommand", (program) => showVersion(program as Command));
  addOptions(program, [
    new Option("-V, --version", "print the version, the commit and Deno's version"),
    new Option(
      "--verbose",
      "with --version: also how ktcp was built, and the licences of what is inside",
    ),
  ]);
  withNotes(program, {
    about: [
      "'ktcp COMMAND --help' explains a command, as its manual page ktcp-COMMAND(1) does.",
    ],
    examples: FIRST_STEPS,
  });
  return presented(program);
}

/** Lets `program` answer command lines without a command. */
export function answeringAlone(program: Command): Command {
  return program.action(async () => {
    await showVersion(program);
    printResult(firstSteps(program, outputWidth()));
  });
}

/**
 * Shows what `--version` asks for, and ends the command line.
 *
 * @throws {UsageError} for `--verbose` alone
 */
async function showVersion(program: Command): Promise<void> {
  const { version, verbose } = program.opts<{ version?: true; verbose?: true }>();
  if (!version) {
    if (verbose) throw new UsageError("option '--verbose' is for --version; add it");
    return;
  }
  if (verbose) {
    const { versionDetails } = await import("./version_details.ts");
    printResult(versionDetails(outputWidth()));
  } else printResult(versionText());
  throw new CommanderError(0, "commander.version", VERSION);
}

/** What `ktcp` alone shows: first steps, and the commands. */
export function firstSteps(program: Command, width: number): string {
  const layout = new HelpLayout();
  layout.prepareContext({ helpWidth: width });
  return [
    layout.boxWrap(DESCRIPTION, width),
    examplesText("To begin with:", FIRST_STEPS, width),
    layout.commandLists(program),
    layout.boxWrap("'ktcp COMMAND --help' explains a command, 'ktcp --help' the options.", width),
  ].join("\n\n");
}

/** Loads a command. */
export async function loadCommand(
  { load, summary, group }: CommandEntry,
  table: readonly CommandEntry[],
): Promise<Command> {
  const command = (await load()).command(table);
  return presented(command.summary(summary).helpGroup(`${group}:`));
}

/** Returns `ktcp` with all commands of `table`, each loaded and complete. */
export async function wholeProgram(table: readonly CommandEntry[]): Promise<Command> {
  const program = newProgram();
  for (const entry of table) program.addCommand(await loadCommand(entry, table));
  return program;
}
