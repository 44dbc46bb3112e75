/** A thread that offers events on one connection, and deals with those that it gets. */
import {
  ConnectionTable,
  Offer,
  type TableShare,
} from "../../../../../../servers/net/engines/linux/pool/connection_table.ts";

/** What a thread is told. */
export interface Claiming {
  share: TableShare;
  index: number;
  fd: number;
  rounds: number;
  /** Events so far; the last one that was dealt with; threads that have the connection; faults. */
  words: Int32Array<SharedArrayBuffer>;
}

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<Claiming>) => void;
  postMessage(message: string): void;
};

scope.onmessage = ({ data: { share, index, fd, rounds, words } }) => {
  const table = new ConnectionTable(share, index);
  for (let i = 0; i < rounds; ++i) {
    Atomics.add(words, 0, 1);
    if (table.offer(fd, 1) !== Offer.Claimed) continue;
    do {
      if (Atomics.add(words, 2, 1) !== 0) Atomics.add(words, 3, 1);
      Atomics.store(words, 1, Atomics.load(words, 0));
      Atomics.sub(words, 2, 1);
    } while (table.park(fd) !== 0);
  }
  scope.postMessage("done");
};
