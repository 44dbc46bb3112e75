/** The error for a bad option of the static server. */

/** A value that cannot be used. The message names the option and says what to write. */
export class OptionError extends Error {
  /** Identifies it where the class is lost, such as between Workers. */
  override name = "OptionError";

  /**
   * Names the option in front of the problem.
   *
   * @param option its name, without dashes
   * @param problem what is wrong with its value, and what to write
   */
  constructor(readonly option: string, problem: string) {
    super(`--${option}: ${problem}`);
  }
}
