/** What is wrong with an option of the static server. */

/** A value that cannot be used. The message names the option and says what to write. */
export class OptionError extends Error {
  override name = "OptionError";
  constructor(readonly option: string, problem: string) {
    super(`--${option}: ${problem}`);
  }
}
