/** What a command is to the program: a row of the table, and the module behind it. */
import type { Command } from "commander";

/** What each command's module exports. */
export interface CommandModule {
  /**
   * Builds the command with its options. Its action sets `Deno.exitCode` when it is not 0, and
   * throws `UsageError` or `Failure` for errors that the user has to correct.
   *
   * @param table all commands, for those that describe the others
   */
  command(table: readonly CommandEntry[]): Command;
}

/** A row of the command table. */
export interface CommandEntry {
  name: string;
  /** The heading below which the help lists it, shared by all commands for the same purpose. */
  group: string;
  summary: string;
  load(): Promise<CommandModule>;
}
