/**
 * The two ways in which a command ends badly. `main.ts` turns them into one line on stderr and an
 * exit code; anything else that is thrown is a bug.
 */

/** It ran and failed: exit code 1. The message says what was attempted, the value, what to do. */
export class Failure extends Error {
  override name = "Failure";
}

/** The command line itself is wrong: exit code 2. The message names the option and the value. */
export class UsageError extends Error {
  override name = "UsageError";
}
