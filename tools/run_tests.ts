/**
 * Runs the test suite: `deno task test [FILE …]`. Prints one line when all is well, and everything
 * that the tests printed when something failed.
 */
import { mayShowProgress } from "../cli/shared/output.ts";

/** The line by which `deno test` ends, perhaps coloured. */
// deno-lint-ignore no-control-regex
const SUMMARY = /^(?:\x1b\[\d+m)*(?:ok|FAILED)(?:\x1b\[\d+m)* \| .*$/m;

/** A test that has ended. */
const ENDED = / \.\.\. /;

/** Runs the tests. @returns all output, stderr within stdout as it came, and the exit code */
async function runTests(args: readonly string[]): Promise<{ code: number; output: string }> {
  const options = ["--quiet", "--no-check", "--parallel", "--lock=tests/deno.lock"];
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", "--allow-all", ...options, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const parts: string[] = [];
  let ended = 0;
  const read = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
    for await (const part of stream.pipeThrough(new TextDecoderStream())) {
      parts.push(part);
      ended += part.split(ENDED).length - 1;
      if (mayShowProgress()) Deno.stderr.writeSync(encoder.encode(`\r${ended} tests ended`));
    }
  };
  const [{ code }] = await Promise.all([child.status, read(child.stdout), read(child.stderr)]);
  if (mayShowProgress()) Deno.stderr.writeSync(encoder.encode("\r\x1b[K"));
  return { code, output: parts.join("") };
}

const encoder = new TextEncoder();

const { code, output } = await runTests(Deno.args);
console.log(code === 0 ? SUMMARY.exec(output)?.[0] ?? output : output);
Deno.exit(code);
