/** Starts the servers that are compared. */
import { Process } from "../../../system/process.ts";
import { sleep } from "../../../system/wait.ts";

/** A server that does not answer within this time has failed to start. */
const START_MS = 10_000;
const POLL_MS = 50;

/** How much of a server's output is kept. */
const KEEP_CHARS = 4096;

/**
 * Starts `command`, on one core if it is given, and waits until `url` is answered with 200.
 *
 * @throws when it ends before, or takes longer than ten seconds
 */
export async function start(
  command: readonly string[],
  { url, core }: { url: string; core?: number },
): Promise<Process> {
  const pinned = core === undefined ? command : ["taskset", "-c", `${core}`, ...command];
  const process = new Process(pinned, { keepChars: KEEP_CHARS });
  let hasEnded = false;
  process.ended.then(() => hasEnded = true);
  for (const endMs = performance.now() + START_MS; performance.now() < endMs && !hasEnded;) {
    try {
      const response = await fetch(url);
      await response.body?.cancel();
      if (response.status === 200) return process;
    } catch {
      // Not yet.
    }
    await sleep(POLL_MS);
  }
  const { err } = await process.stop();
  throw new Error(`Cannot start ${command.join(" ")}: it does not answer at ${url}: ${err}`);
}
