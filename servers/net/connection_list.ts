/** What connections do at one moment, as numbers that can be sent to another thread. */

/** What a connection does. */
export const CONNECTION_PHASES = [
  /** It waits for the first byte of a message. */
  "idle",
  /** A part of a head has arrived. */
  "head",
  /** A part of its content has arrived. */
  "content",
  /** It waits for a Worker or for the disk. */
  "working",
  /** Output waits or is being sent. */
  "sending",
  /** Its FIN is sent, and what the peer still sends is discarded. */
  "lingering",
] as const;

export type ConnectionPhase = (typeof CONNECTION_PHASES)[number];

/** Indices into `CONNECTION_PHASES`. */
export const enum Doing {
  Idle = 0,
  Head = 1,
  Content = 2,
  Working = 3,
  Sending = 4,
  Lingering = 5,
}

/** Words per connection in a list. */
export const WORDS_PER_CONNECTION = 4;

/** Connections as columns: the values of one connection have the same index in each. */
export interface ConnectionColumns {
  /** Identifies a connection as long as it is open. */
  ids: number[];
  /** Index into `CONNECTION_PHASES`. */
  phases: number[];
  /** Bytes in its block that were received but not yet consumed. */
  inputBytes: number[];
  /** Time until its timeout, in ms; -1 if it has none. */
  untilTimeoutMs: number[];
}

/** A bounded list of connections. */
export class ConnectionList {
  readonly #words: Int32Array;
  readonly #lists: number;
  readonly #index: number;
  #length = 0;

  /**
   * @param max most connections; others are left out
   * @param place the number of lists that are to be merged, and this one's index among them
   */
  constructor(max: number, { lists = 1, index = 0 } = {}) {
    this.#words = new Int32Array(WORDS_PER_CONNECTION * max);
    this.#lists = lists;
    this.#index = index;
  }

  get isFull(): boolean {
    return this.#length === this.#words.length;
  }

  /** Adds a connection, whose block has the number `block`; there must be room. */
  add(block: number, doing: Doing, inputBytes: number, untilTimeoutMs: number): void {
    const words = this.#words;
    let at = this.#length;
    words[at++] = block * this.#lists + this.#index;
    words[at++] = doing;
    words[at++] = inputBytes;
    words[at++] = untilTimeoutMs;
    this.#length = at;
  }

  /** What was added, four words a connection. */
  get words(): Int32Array {
    return this.#words.subarray(0, this.#length);
  }
}

/** The connections of `lists`, each the words of a {@linkcode ConnectionList}. */
export function connectionColumns(lists: readonly Int32Array[]): ConnectionColumns {
  const columns: ConnectionColumns = { ids: [], phases: [], inputBytes: [], untilTimeoutMs: [] };
  for (const words of lists) {
    for (let at = 0; at < words.length; at += WORDS_PER_CONNECTION) {
      columns.ids.push(words[at]);
      columns.phases.push(words[at + 1]);
      columns.inputBytes.push(words[at + 2]);
      columns.untilTimeoutMs.push(words[at + 3]);
    }
  }
  return columns;
}
