/** Runs npm, which fetches Deno's binaries and makes the npm package of a release. */

/**
 * Returns what `npm ...args` prints on stdout.
 *
 * @throws if npm is not installed or fails
 */
export async function npm(args: readonly string[], cwd: string): Promise<string> {
  const decoder = new TextDecoder();
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command("npm", { args: [...args], cwd, stdin: "null" }).output();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error(`Cannot run npm ${args[0]}: a release needs Node.js with npm in PATH`);
  }
  if (!output.success) throw new Error(`npm ${args.join(" ")}: ${decoder.decode(output.stderr)}`);
  return decoder.decode(output.stdout);
}
