/** What several threads do at once to the blocks of one memory. */
import { Core, type CoreShare } from "../../core/mod.ts";

/** What a thread is told. */
export interface BlockTask {
  share: CoreShare;
  /** The thread's mark, above 0 and different from the others'. */
  mark: number;
  rounds: number;
  /** An array of one: each thread counts itself in, then waits for `threads`. */
  arrived: Int32Array<SharedArrayBuffer>;
  threads: number;
}

/** How it went. */
export interface BlockResult {
  taken: number;
  /** Blocks that another thread was given while this one had them. */
  clashes: number;
}

/** Most blocks that a thread has at once. */
export const MAX_HELD = 8;

/** The longest wait for the other threads. */
const MAX_WAIT_MS = 10_000;

/** Takes blocks and gives them back, the oldest first; marks each while it has it. */
export function takeBlocks({ share, mark, rounds, arrived, threads }: BlockTask): BlockResult {
  const core = Core.attach(share);
  const result = { taken: 0, clashes: 0 };
  const held: number[] = [];
  const giveBack = () => {
    const conn = held.shift()!;
    // Opening a block clears its words, and its new owner writes another mark.
    if (core.serviceWord(conn, 0) !== mark) ++result.clashes;
    core.close(conn);
  };
  Atomics.add(arrived, 0, 1);
  const deadline = performance.now() + MAX_WAIT_MS;
  while (Atomics.load(arrived, 0) < threads) {
    if (performance.now() > deadline) throw new Error("The other threads do not start");
  }
  for (let round = 0; round < rounds; round++) {
    const conn = core.open();
    if (conn !== 0) {
      core.setServiceWord(conn, 0, mark);
      held.push(conn);
      ++result.taken;
    }
    if (held.length > 0 && (conn === 0 || held.length === MAX_HELD)) giveBack();
  }
  while (held.length > 0) giveBack();
  return result;
}
