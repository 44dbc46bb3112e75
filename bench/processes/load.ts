/** ktcp's loads, each in a process of its own. */
import type { LoadSample } from "../load_sample.ts";
import { lastLineOf, type SelfCommand, startOwnProcess } from "./own_process.ts";

/** The commands that are loads. */
export type LoadCommand = "bench" | "htstress";

/** How a load ended. */
export interface LoadEnd {
  code: number;
  /** Its `--json` document; null if it could not begin. */
  result: Record<string, unknown> | null;
  /** The last line of its stderr, which tells why it failed, if it did. */
  lastLine: string;
}

/** A load that was started, in its own process. */
export interface StartedLoad {
  pid: number;
  /** Resolves when it has ended. */
  ended: Promise<LoadEnd>;
  /** Ends it early; its result is what it has measured so far. */
  stop(): Promise<LoadEnd>;
}

/** How a load is started. */
export interface LoadOptions {
  /** How ktcp is started. */
  self: SelfCommand;
  /** Length of an interval in milliseconds, 50 to 10,000. */
  sampleMs: number;
  /** Called with each interval. */
  onSample(sample: LoadSample): void;
}

/**
 * Starts `ktcp bench` or `ktcp htstress` with `args`. The process ends with this one.
 *
 * @throws {StartFailure} when there is no such program
 */
export function startLoad(
  command: LoadCommand,
  args: readonly string[],
  { self, sampleMs, onSample }: LoadOptions,
): StartedLoad {
  let result: Record<string, unknown> | null = null;
  const own = [command, "--json", "--sample", `${sampleMs}`, ...args];
  const process = startOwnProcess(self, own, (value) => {
    // Only the final document has a `command`; samples do not.
    if ("command" in value) result = value;
    else onSample(value as unknown as LoadSample);
  });
  const ended = process.ended.then(({ code, err }) => ({
    code,
    result,
    lastLine: lastLineOf(err),
  }));
  return {
    pid: process.pid,
    ended,
    stop: async () => {
      await process.stop();
      return await ended;
    },
  };
}
