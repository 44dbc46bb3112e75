/**
 * Connections that are held open without a load: some are silent, others send a byte or a whole
 * request at intervals.
 */

/** The states of held connections. The numbers add up to how many were requested. */
export interface HeldCounts {
  /** Neither connected nor refused yet. */
  opening: number;
  /** Open now. */
  open: number;
  /** Closed by the server, by FIN or reset. */
  closed: number;
  /** Could not be opened. */
  failed: number;
}

/** The words of {@linkcode HeldCounters}, in order. */
const NAMES = ["opening", "open", "closed", "failed"] as const;

/** The counts of one or more {@linkcode HeldConnections}, which may be of another thread. */
export class HeldCounters {
  readonly #words: Int32Array<SharedArrayBuffer>;

  /** New counters, all 0; or those in `shared`, the memory of another thread's. */
  constructor(shared = new SharedArrayBuffer(NAMES.length * Int32Array.BYTES_PER_ELEMENT)) {
    this.#words = new Int32Array(shared);
  }

  /** The memory to post to another thread. */
  get shared(): SharedArrayBuffer {
    return this.#words.buffer;
  }

  /** Adds to each count. */
  add(changes: Partial<HeldCounts>): void {
    NAMES.forEach((name, i) => Atomics.add(this.#words, i, changes[name] ?? 0));
  }

  /** The counts as they are now. */
  read(): HeldCounts {
    const [opening, open, closed, failed] = this.#words;
    return { opening, open, closed, failed };
  }
}

const encoder = new TextEncoder();

/** A complete HTTP/1.1 request, after which the connection persists. */
const REQUEST = encoder.encode("GET / HTTP/1.1\r\nHost: held\r\n\r\n");

/** A head never gets past the target, which keeps growing. */
const HEAD = encoder.encode("GET /");
const TARGET = encoder.encode("x");
const MESSAGE = encoder.encode(".");

/** What a connection sends, by the number of times it has sent before. */
const SENDS = {
  /** A byte of an HTTP request's head that never ends. */
  head: (sent: number) => sent < HEAD.length ? HEAD.subarray(sent, sent + 1) : TARGET,
  /** A byte of an echo message. */
  message: (_sent: number) => MESSAGE,
  /** A whole HTTP request. */
  request: (_sent: number) => REQUEST,
};

/** What held connections can send. */
export type HeldSend = keyof typeof SENDS;

/** Which connections are held. */
export interface HeldOptions {
  /** Number of connections, at most {@linkcode MAX_HELD}. */
  count: number;
  /** What each sends when it is open, and then at intervals; default: nothing. */
  sends?: { what: HeldSend; everyMs: number };
  /** Where they are counted; default: in counters of their own. */
  counters?: HeldCounters;
  /** Called when the server has closed a connection, with how long it was open, in µs. */
  onClosed?(openUs: number): void;
}

/** Most connections, so that a machine has ports left for a load. */
export const MAX_HELD = 20_000;

/** Most concurrent connects: fewer than the backlogs of experiments. */
const CONNECTS_AT_ONCE = 100;

/** The connections send in turns, so that they do not all send at the same moment. */
const TURNS = 10;

/** Buffer into which answers are read to be discarded. */
const forgotten = new Uint8Array(4096);

/** A connection. */
interface Held {
  conn: Deno.TcpConn;
  openedMs: number;
  sent: number;
  isWriting: boolean;
}

/** Connections to one server. A connection that has ended is not opened again. */
export class HeldConnections {
  readonly counters: HeldCounters;
  /** Resolves when each is open, or could not be opened. */
  readonly opened: Promise<void>;
  readonly #target: { hostname: string; port: number };
  readonly #options: HeldOptions;
  readonly #ending = new AbortController();
  /** The open connections, by the turn in which they send. */
  readonly #turns = Array.from({ length: TURNS }, () => new Set<Held>());
  readonly #ends: Promise<void>[] = [];
  #turn = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  #failure: Error | undefined;

  /**
   * Begins to open connections to `target`.
   *
   * @throws {RangeError} when there are to be more than {@linkcode MAX_HELD}
   */
  constructor(target: { hostname: string; port: number }, options: HeldOptions) {
    const { count, sends, counters = new HeldCounters() } = options;
    if (!(count >= 0 && count <= MAX_HELD)) {
      throw new RangeError(`Cannot hold ${count} connections: at most ${MAX_HELD}`);
    }
    this.#target = target;
    this.#options = options;
    this.counters = counters;
    counters.add({ opening: count });
    let left = count;
    const openSome = async () => {
      while (left > 0 && !this.#isEnding) {
        left--;
        await this.#open();
      }
    };
    const openers = Array.from({ length: Math.min(count, CONNECTS_AT_ONCE) }, openSome);
    this.opened = Promise.all(openers).then(() => {
      // Connections that were not attempted any more.
      counters.add({ opening: -left });
    });
    if (sends) this.#timer = setInterval(() => this.#sendInTurn(), sends.everyMs / TURNS);
  }

  /** The error of the first connection that could not be opened; undefined if there is none. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Resolves when all opened connections have ended, or after `limitMs`. */
  async allClosed(limitMs: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const limit = new Promise<void>((resolve) => timer = setTimeout(resolve, limitMs));
    await Promise.race([this.opened.then(() => Promise.all(this.#ends)), limit]);
    clearTimeout(timer);
  }

  /** Closes open connections. @returns how many were open */
  async end(): Promise<number> {
    clearInterval(this.#timer);
    this.#ending.abort();
    const held = this.#turns.flatMap((turn) => [...turn]);
    for (const one of held) close(one);
    await this.opened;
    await Promise.all(this.#ends);
    return held.length;
  }

  get #isEnding(): boolean {
    return this.#ending.signal.aborted;
  }

  async #open(): Promise<void> {
    let conn: Deno.TcpConn;
    try {
      const { hostname, port } = this.#target;
      conn = await Deno.connect({ hostname, port, signal: this.#ending.signal });
    } catch (error) {
      if (this.#isEnding) return this.counters.add({ opening: -1 });
      this.#failure ??= error as Error;
      return this.counters.add({ opening: -1, failed: 1 });
    }
    if (this.#isEnding) {
      conn.close();
      return this.counters.add({ opening: -1 });
    }
    this.counters.add({ opening: -1, open: 1 });
    this.#ends.push(this.#hold({ conn, openedMs: performance.now(), sent: 0, isWriting: false }));
  }

  /** Resolves when `held` has ended: by the server, or by {@linkcode end}. */
  async #hold(held: Held): Promise<void> {
    const turn = this.#turns[this.#turn];
    turn.add(held);
    this.#send(held);
    try {
      while (await held.conn.read(forgotten) !== null);
    } catch {
      // Reset by the server, or closed here: it ended either way.
    }
    turn.delete(held);
    this.counters.add({ open: -1 });
    if (this.#isEnding) return;
    close(held);
    this.counters.add({ closed: 1 });
    this.#options.onClosed?.((performance.now() - held.openedMs) * 1000);
  }

  /** Lets the connections of the next turn send. */
  #sendInTurn(): void {
    this.#turn = (this.#turn + 1) % TURNS;
    for (const held of this.#turns[this.#turn]) this.#send(held);
  }

  /** Sends the next bytes, unless the previous ones are still being sent. */
  async #send(held: Held): Promise<void> {
    const { sends } = this.#options;
    if (!sends || held.isWriting) return;
    const bytes = SENDS[sends.what](held.sent++);
    held.isWriting = true;
    try {
      for (let at = 0; at < bytes.length;) at += await held.conn.write(bytes.subarray(at));
      held.isWriting = false;
    } catch {
      // The connection has ended, which the read notices.
    }
  }
}

function close({ conn }: Held): void {
  try {
    conn.close();
  } catch {
    // Closed already.
  }
}
