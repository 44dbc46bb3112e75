/**
 * `ktcp`: finds the command, loads only its module, runs it, and turns errors into exit codes.
 *
 * Exit codes: 0 done as asked, 1 it ran and failed, 2 usage error, 130 interrupted client.
 */
import { type Command, CommanderError } from "commander";
import { endWithParent, PARENT_VARIABLE } from "../system/linux/parent_death.ts";
import { ignoreDebuggerSignal } from "../system/linux/signals.ts";
import { stderr } from "../system/stderr.ts";
import { COMMANDS, UNLISTED } from "./commands.ts";
import { Failure, messageOf, UsageError } from "./shared/failure.ts";
import { printNote, printResult } from "./shared/output.ts";
import { loadCommand, newProgram } from "./shared/program.ts";

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
      const command = throwing(await loadCommand(entry.load, COMMANDS));
      command.commands.forEach((sub) => throwing(sub as Command));
      program.addCommand(command);
    } else program.command(entry.name).summary(entry.summary).description(entry.summary);
  }
  return program;
}

/** An error of commander as one line: which option, which value, what to write instead. */
function usageLine(error: CommanderError): string {
  return error.message.replace(/^error: /, "").replaceAll("\n", " ").trim();
}

/**
 * Runs the command line `args`.
 *
 * @returns the exit code
 */
export async function main(args: string[]): Promise<number> {
  // Options before the command are ktcp's own, and take no value.
  const first = args.find((arg) => arg !== "--");
  const name = first?.startsWith("-") ? undefined : first;
  const isCommand = [...COMMANDS, ...UNLISTED].some((entry) => entry.name === name);
  const prefix = isCommand ? `ktcp ${name}` : "ktcp";
  const usage = (line: string) => {
    printNote(`${prefix}: ${line}\nTry '${prefix} --help'.`);
    return 2;
  };
  try {
    const program = await buildProgram(name);
    if (name !== undefined && prefix === "ktcp") {
      return usage(`unknown command '${name}'; commands: ${commandNames()}`);
    }
    Deno.exitCode = 0;
    await program.parseAsync(args, { from: "user" });
    return Deno.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander would answer with its help, and no error.
      if (error.code === "commander.help") {
        return usage(`no command given; commands: ${commandNames()}`);
      }
      return error.exitCode === 0 ? 0 : usage(usageLine(error));
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

function commandNames(): string {
  return COMMANDS.map((entry) => entry.name).join(", ");
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
