/**
 * `ktcp`: finds the command, loads only its module, runs it, and turns errors into exit codes.
 *
 * Exit codes: 0 done as asked, 1 it ran and failed, 2 usage error, 130 interrupted client.
 */
import { messageOf } from "../system/message_of.ts";
import { type Command, CommanderError } from "commander";
import { endWithParent, PARENT_VARIABLE } from "../system/linux/parent_death.ts";
import { ignoreDebuggerSignal } from "../system/linux/signals.ts";
import { stderr } from "../system/stderr.ts";
import { COMMANDS, UNLISTED } from "./commands.ts";
import { Failure, UsageError } from "./shared/failure.ts";
import { printNote, printResult } from "./shared/output.ts";
import { nearest, suggestion, withSuggestion } from "./shared/nearest.ts";
import { answeringAlone, loadCommand, newProgram } from "./shared/program.ts";

/** Makes commander throw instead of exiting, and write its help where results go. */
function throwing(command: Command): Command {
  return command.exitOverride().configureOutput({
    writeOut: (text) => printResult(text.trimEnd()),
    writeErr: () => {},
  });
}

async function buildProgram(name: string | undefined): Promise<Command> {
  const program = throwing(newProgram());
  const unlisted = UNLISTED.filter((entry) => entry.name === name);
  for (const entry of [...COMMANDS, ...unlisted]) {
    if (entry.name === name) {
      const command = throwing(await loadCommand(entry, COMMANDS));
      command.commands.forEach((sub) => throwing(sub as Command));
      program.addCommand(command);
    } else {
      program.command(entry.name).summary(entry.summary).description(entry.summary)
        .helpGroup(`${entry.group}:`);
    }
  }
  return name === undefined ? answeringAlone(program) : program;
}

/** How commander refuses a value that is not among the choices. */
const NO_CHOICE =
  /^(?:command-argument )?(?<what>.*'(?<word>[^']*)' is invalid.*)\. Allowed choices are (?<choices>.+)\.$/;

/** An error of commander as one line: which option, which value, what to write instead. */
function usageLine({ code, message }: CommanderError, command: Command | undefined): string {
  const line = withSuggestion(message.replace(/^error: /, "")).replaceAll("\n", " ").trim();
  const refused = NO_CHOICE.exec(line)?.groups;
  if (refused !== undefined) {
    const { what, word, choices } = refused;
    const near = suggestion(word, choices.split(", "));
    return what + (near === "" ? `; choices: ${choices}` : `${near} (choices: ${choices})`);
  }
  const below = command?.commands.map((sub) => sub.name()) ?? [];
  const [word] = command?.args ?? [];
  if (code === "commander.excessArguments" && nearest(word, below).length > 0) {
    return `unknown command '${word}'${suggestion(word, below)}`;
  }
  return line;
}

/**
 * Runs the command line `args`.
 *
 * @returns the exit code
 */
export async function main(args: string[]): Promise<number> {
  // As git and others have it.
  if (args[0] === "help") args = [...args.slice(1), "--help"];
  // Options before the command are ktcp's own, and take no value.
  const first = args.find((arg) => arg !== "--");
  const name = first?.startsWith("-") ? undefined : first;
  const isCommand = [...COMMANDS, ...UNLISTED].some((entry) => entry.name === name);
  const prefix = isCommand ? `ktcp ${name}` : "ktcp";
  const usage = (line: string) => {
    printNote(`${prefix}: ${line}\nTry '${prefix} --help'.`);
    return 2;
  };
  let command: Command | undefined;
  try {
    if (name !== undefined && !isCommand) {
      const names = COMMANDS.map((entry) => entry.name);
      const near = suggestion(name, names) || `; commands: ${names.join(", ")}`;
      return usage(`unknown command '${name}'${near}`);
    }
    const program = await buildProgram(name);
    command = program.commands.find((sub) => sub.name() === name);
    Deno.exitCode = 0;
    await program.parseAsync(args, { from: "user" });
    return Deno.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? 0 : usage(usageLine(error, command));
    }
    if (error instanceof UsageError) return usage(error.message);
    if (error instanceof Failure) {
      printNote(`${prefix}: ${error.message}`);
      return 1;
    }
    printNote(`${prefix}: internal error: ${messageOf(error)} (please report this)`);
    return 1;
  }
}

/** Runs this process' command line, and ends the process when all that it printed is written. */
export async function runProcess(): Promise<never> {
  ignoreDebuggerSignal();
  const parent = Deno.env.get(PARENT_VARIABLE);
  if (parent) endWithParent(Number(parent));
  const code = await main(Deno.args);
  await stderr.flush();
  // Does not wait for a write whose reader is gone.
  Deno.exit(code);
}

if (import.meta.main) await runProcess();
