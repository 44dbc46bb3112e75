/**
 * Gives all busy sockets of a thread an equal share.
 *
 * In one turn of its event loop the runtime completes at most 128 operations: tokio's budget per
 * task. The others wait for the next turn, behind sockets that have been served, receive again, and
 * have more data by then. So when more than 128 sockets are busy, some are served in every turn and
 * the others never, for as long as the load lasts.
 *
 * Therefore, when that many sockets are open, a socket that was served queues up here before it
 * receives again. Only a few are let through at once, so that a turn has room for sockets that were
 * not served.
 */

/** Operations that a turn completes at most. After a full turn, some may have been left over. */
const FULL_TURN = 128;

/**
 * How many sockets are let through after a turn that was not full. It doubles when hardly any of
 * those had data to receive, so that many silent sockets do not delay the others.
 */
const PASSES = 32;

/** Hardly any: less than one in this many. */
const HARDLY_ANY = 8;

/** When no socket has asked within this time, waiting ones are let through, in ms. */
const IDLE_MS = 2;

/** The queue of a thread's sockets. */
class ReadQueue {
  /** Number of open sockets. */
  open = 0;
  /** Number of sockets that have asked in this turn. */
  #asked = 0;
  readonly #endTurn = () => this.#turnEnded();
  /** Waiting sockets, from `#first` on. */
  #waiting: (() => void)[] = [];
  #first = 0;
  /** How many were let through the last time. */
  #passes = PASSES;
  #turns = 0;
  #isWatched = false;
  /** How many have waited so far, and how many of them were let through. */
  tickets = 0;
  passed = 0;

  /** Asks to receive again. @returns a promise to wait for first, or `undefined` */
  ask(): Promise<void> | undefined {
    if (this.open < FULL_TURN && this.#waiting.length === 0) return undefined;
    // Everything that this turn has completed is queued as a microtask already.
    if (this.#asked++ === 0) queueMicrotask(this.#endTurn);
    ++this.tickets;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #turnEnded(): void {
    const asked = this.#asked;
    this.#asked = 0;
    ++this.#turns;
    if (asked < FULL_TURN) this.#letThrough(asked);
    if (this.#waiting.length > 0 && !this.#isWatched) this.#watch();
  }

  /** Lets the next sockets through, after a turn in which `asked` of them asked. */
  #letThrough(asked: number): void {
    this.#passes = asked * HARDLY_ANY < this.#passes ? this.#passes * 2 : PASSES;
    const end = Math.min(this.#first + this.#passes, this.#waiting.length);
    this.passed += end - this.#first;
    while (this.#first < end) this.#waiting[this.#first++]();
    // The array is shortened only when half of it is done, so that elements are rarely moved.
    if (this.#first * 2 < this.#waiting.length) return;
    this.#waiting = this.#waiting.slice(this.#first);
    this.#first = 0;
    if (this.#waiting.length === 0) this.#passes = PASSES;
  }

  /** Lets sockets through when no turn does, because those let through last are idle. */
  #watch(): void {
    const turns = this.#turns;
    this.#isWatched = true;
    setTimeout(() => {
      this.#isWatched = false;
      if (turns === this.#turns) this.#letThrough(0);
      if (this.#waiting.length > 0) this.#watch();
    }, IDLE_MS);
  }
}

const queue = new ReadQueue();

/** The turns of one socket, from its opening to {@linkcode ReadTurns.end}. */
export class ReadTurns {
  #hasRead = false;
  #hasEnded = false;
  /** Its ticket if it had to wait; -1 if it had not, or if that was reported already. */
  #ticket = -1;

  constructor() {
    ++queue.open;
  }

  /**
   * Asks to receive, before each time.
   *
   * @returns a promise to wait for first; `undefined` when few sockets are open, and the first time
   */
  ask(): Promise<void> | undefined {
    const turn = this.#hasRead ? queue.ask() : undefined;
    this.#hasRead = true;
    this.#ticket = turn === undefined ? -1 : queue.tickets;
    return turn;
  }

  /**
   * Whether the socket waits for its turn, or has waited since the last call: what its peer sent
   * may have been in the kernel meanwhile.
   */
  wasHeldUp(): boolean {
    if (this.#ticket < 0) return false;
    if (this.#ticket <= queue.passed) this.#ticket = -1;
    return true;
  }

  /** The socket was closed. May be called again. */
  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    --queue.open;
  }
}
