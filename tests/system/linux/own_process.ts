/** Processes for tests that a process of many tests would disturb, or be disturbed by. */
import assert from "node:assert/strict";

/**
 * Runs `program` with these permissions. Its imports are relative to the root of the repository.
 *
 * @returns what it writes to stdout; it has to write nothing to stderr
 */
export async function runProgram(program: string, permissions: string[]): Promise<string> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-lock", "--no-check", ...permissions, "-"],
    cwd: new URL("../../../", import.meta.url),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  });
  const child = command.spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(program));
  await writer.close();
  const { stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert.equal(text(stderr), "");
  return text(stdout);
}
