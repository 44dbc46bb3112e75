/** What checks of a release have in common. */
import { untilReady } from "../../../bench/processes/ready_line.ts";
import { Process, type ProcessOptions } from "../../../system/process.ts";

/** Why a check cannot run on this machine. */
export class Skipped extends Error {}

/** What a check works with. */
export interface CheckContext {
  /** The folder of the release. */
  release: string;
  /** An empty folder for the check alone, which is removed afterwards. */
  folder: string;
  /** The file of the release whose name ends with `suffix`. @throws if there is none */
  file(suffix: string): string;
}

/** Looks at one part of a release. */
export interface Check {
  name: string;
  /** @returns what was seen @throws Skipped, or an error that says what is wrong */
  run(context: CheckContext): Promise<string>;
}

/** The longest that a step may take: under an emulator, or with packages to fetch. */
const DEADLINE_MS = 300_000;

/** How long a server may take to end. */
const STOP_MS = 20_000;

/**
 * Runs `argv` to its end.
 *
 * @returns its stdout without surrounding white space
 * @throws if it fails
 */
export async function output(
  argv: readonly string[],
  options: ProcessOptions = {},
): Promise<string> {
  const { code, out, err } = await new Process(argv, { deadlineMs: DEADLINE_MS, ...options }).ended;
  if (code !== 0) throw new Error(`${argv.join(" ")} exits with ${code}: ${out}${err}`);
  return out.trim();
}

/** @throws Skipped unless all of `tools` are installed */
export async function needs(...tools: string[]): Promise<void> {
  for (const tool of tools) {
    const found = await new Process(["sh", "-c", `command -v ${tool}`]).ended;
    if (found.code !== 0) throw new Skipped(`${tool} is not installed`);
  }
}

/** @throws Skipped unless this process is root's, and may call chroot(2) */
export function needsRoot(): void {
  if (Deno.uid() !== 0) throw new Skipped("it needs root");
}

/** How a server is started, and how it ends. */
export interface ServeOptions extends ProcessOptions {
  /** The signal that stops it. Default: SIGTERM. */
  signal?: Deno.Signal;
  /** The exit code that follows. Default: 0. */
  code?: number;
}

/**
 * Starts the server `argv`, asks for `/`, and stops it. When this returns, nothing that was started
 * has its output open any more.
 *
 * @returns the answer's text
 * @throws unless it answers 200, and ends as it should, with its summary
 */
export async function serves(
  argv: readonly string[],
  { signal = "SIGTERM", code = 0, ...options }: ServeOptions = {},
): Promise<string> {
  await using server = new Process(argv, { deadlineMs: DEADLINE_MS, ...options });
  const ready = await untilReady(server);
  if (ready === null) {
    throw new Error(`${argv.join(" ")} does not get ready: ${(await server.ended).err}`);
  }
  const response = await fetch(`http://127.0.0.1:${ready.port}/`);
  const text = await response.text();
  if (response.status !== 200) throw new Error(`/ gives ${response.status}: ${text}`);
  const ended = await server.stop(signal, STOP_MS);
  if (!/^ktcp http: \d+ connections, 1 requests/m.test(ended.err)) {
    throw new Error(`It ended without its summary: ${ended.err}`);
  }
  if (ended.code !== code) throw new Error(`It exits with ${ended.code} after ${signal}`);
  return text;
}

/** @throws unless `text` is what `--version` prints @returns its first line */
export function isVersion(text: string): string {
  if (!/^ktcp \d+\.\d+\.\d+ \(commit \S+, deno \S+\)$/m.test(text)) {
    throw new Error(`--version prints '${text}'`);
  }
  return text.split("\n")[0];
}
