/**
 * Gives all busy sockets of a thread the same share.
 *
 * In one turn of its event loop the runtime completes at most 128 operations: tokio's budget of a
 * task. What is left over waits for the next turn, but behind sockets that were served, receive
 * again and have got more by then. So of more than 128 busy sockets some are served in every turn
 * and the others never, for as long as the load lasts.
 *
 * So where there are so many, who was served queues up here before it receives again, and no more are
 * let through at once than leave room in a turn for those that were not.
 */

/** Operations that a turn completes. After so many, some may have been left over. */
const FULL_TURN = 128;

/**
 * So many are let through after a turn that left nobody over; twice as many as before when hardly
 * any of those had something to receive, so that a crowd that fell silent holds nobody up.
 */
const PASSES = 32;

/** Hardly any: less than one in so many. */
const HARDLY_ANY = 8;

/** A turn that does not come within so many ms is one in which nobody asked. */
const IDLE_MS = 2;

/** The queue of a thread's sockets. */
class ReadQueue {
  /** Sockets that are open. */
  open = 0;
  /** How many have asked in this turn. */
  #asked = 0;
  readonly #endTurn = () => this.#turnEnded();
  /** Those who wait, from `#first` on. */
  #waiting: (() => void)[] = [];
  #first = 0;
  /** How many were let through the last time. */
  #passes = PASSES;
  #turns = 0;
  #isWatched = false;
  /** How many have waited so far, and how many of them were let through. */
  tickets = 0;
  passed = 0;

  /** Asks to receive again. @returns what to wait for first; `undefined`: nothing */
  ask(): Promise<void> | undefined {
    if (this.open < FULL_TURN && this.#waiting.length === 0) return undefined;
    // What one turn has completed goes on in microtasks that are queued already.
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

  /** Lets the next ones through, after a turn in which `asked` did. */
  #letThrough(asked: number): void {
    this.#passes = asked * HARDLY_ANY < this.#passes ? this.#passes * 2 : PASSES;
    const end = Math.min(this.#first + this.#passes, this.#waiting.length);
    this.passed += end - this.#first;
    while (this.#first < end) this.#waiting[this.#first++]();
    // Half of it is cut off at a time, so that no element is moved often.
    if (this.#first * 2 < this.#waiting.length) return;
    this.#waiting = this.#waiting.slice(this.#first);
    this.#first = 0;
    if (this.#waiting.length === 0) this.#passes = PASSES;
  }

  /** Goes on where no turn comes: nobody was left over, or who was let through is idle. */
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
  /** What it drew when it had to wait; -1 when it had not, or when nobody needs to know any more. */
  #ticket = -1;

  constructor() {
    ++queue.open;
  }

  /**
   * Asks to receive, before each time.
   *
   * @returns what to wait for first; `undefined`, where few are open and at the first time: nothing
   */
  ask(): Promise<void> | undefined {
    const turn = this.#hasRead ? queue.ask() : undefined;
    this.#hasRead = true;
    this.#ticket = turn === undefined ? -1 : queue.tickets;
    return turn;
  }

  /**
   * Whether the socket waits for its turn, or has waited since the last call: what its peer sent
   * may be in the kernel for as long.
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
