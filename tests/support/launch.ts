/**
 * Runs the command line as a person does: a process of its own, whose output is read while it runs.
 */
import { type Ready, untilReady } from "../../bench/processes/ready_line.ts";
import { type Outcome, Process } from "../../system/process.ts";

export type { Outcome };

const MAIN = new URL("../../cli/main.ts", import.meta.url).pathname;

/** The longest wait for anything here, in ms: what takes longer has hung. */
const DEADLINE_MS = 20_000;

export interface LaunchOptions {
  /** Working directory. */
  cwd?: string;
  /** Program and arguments put before the command line, as `setpriv`. */
  prefix?: readonly string[];
  /** Variables beside those of this process. */
  env?: Record<string, string>;
  /** The longest wait for the end, in ms. Default: 20,000. */
  deadlineMs?: number;
}

/** `ktcp`, running with `args`. */
export class Launched extends Process {
  constructor(
    args: readonly string[],
    { prefix = [], deadlineMs = DEADLINE_MS, ...where }: LaunchOptions = {},
  ) {
    // Quiet: with an empty cache, deno tells of what it downloads.
    const deno = [Deno.execPath(), "run", "--quiet", "-A"];
    super([...prefix, ...deno, MAIN, ...args], { ...where, deadlineMs });
  }

  /** Waits for text on stdout. @throws when the process ends without it */
  override async untilOut(pattern: RegExp): Promise<RegExpExecArray> {
    return await super.untilOut(pattern) ?? this.#endedWithout(pattern);
  }

  /** Waits for text on stderr. @throws when the process ends without it */
  override async untilErr(pattern: RegExp): Promise<RegExpExecArray> {
    return await super.untilErr(pattern) ?? this.#endedWithout(pattern);
  }

  async #endedWithout(pattern: RegExp): Promise<never> {
    const { out, err } = await this.ended;
    throw new Error(`ktcp ended without ${pattern}: ${out}${err}`);
  }
}

/** Runs `ktcp` to its end. */
export function run(args: readonly string[], options: LaunchOptions = {}): Promise<Outcome> {
  return new Launched(args, options).ended;
}

/** A server that is ready. */
export interface LaunchedServer extends AsyncDisposable, Ready {
  process: Launched;
}

/** Starts `ktcp echo` or `ktcp http` on a port of the system's choice and waits until it is ready. */
export async function launchServer(
  [name, ...args]: readonly string[],
  options: LaunchOptions = {},
): Promise<LaunchedServer> {
  const chosen = args.includes("--unix") || args.includes("--port") ? [] : ["--port", "0"];
  const process = new Launched([name, ...chosen, ...args], options);
  try {
    const { address, port } = (await untilReady(process))!;
    return {
      process,
      address,
      port,
      [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
    };
  } catch (error) {
    await process[Symbol.asyncDispose]();
    throw error;
  }
}

/** Why a test that runs `command` cannot, `undefined` when it can. */
export function whyNot(command: readonly string[]): string | undefined {
  const [program, ...args] = command;
  try {
    const { success } = new Deno.Command(program, { args, stdout: "null", stderr: "null" })
      .outputSync();
    return success ? undefined : `${command.join(" ")} fails`;
  } catch {
    return `no ${program}`;
  }
}
