/**
 * Connections that are held open without a load: silent ones, ones that send a byte from time to
 * time, and ones that send a whole request.
 */

/** What held connections have come to. The numbers add up to how many were asked for. */
export interface HeldCounts {
  /** Not connected yet, nor refused. */
  opening: number;
  /** Open now. */
  open: number;
  /** Closed by the server, by FIN or reset. */
  closed: number;
  /** Could not be opened. */
  failed: number;
}

/** Words of {@linkcode HeldCounters}. */
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

/** A whole request, in HTTP/1.1: the connection stays. */
const REQUEST = encoder.encode("GET / HTTP/1.1\r\nHost: held\r\n\r\n");

/** A head never gets further than into the target, which grows. */
const HEAD = encoder.encode("GET /");
const TARGET = encoder.encode("x");
const MESSAGE = encoder.encode(".");

/** What a connection sends, by how often it has sent before. */
const SENDS = {
  /** A byte of the head of an HTTP request that never comes to its end. */
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
  /** How many, at most {@linkcode MAX_HELD}. */
  count: number;
  /** What each sends when it is open and then again and again; default: nothing. */
  sends?: { what: HeldSend; everyMs: number };
  /** Where they are counted; default: in counters of their own. */
  counters?: HeldCounters;
  /** Told how long a connection was open that the server has closed, in µs. */
  onClosed?(openUs: number): void;
}

/** Most connections: what the ports of a machine allow beside a load. */
export const MAX_HELD = 20_000;

/** Connects under way at once: fewer than the backlogs that experiments ask for. */
const CONNECTS_AT_ONCE = 100;

/** The connections send by turns, so that not all of them do at the same moment. */
const TURNS = 10;

/** Answers are read and forgotten, all into this. */
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
  /** The open ones, by the turn in which they send. */
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
      // Those that were not tried any more.
      counters.add({ opening: -left });
    });
    if (sends) this.#timer = setInterval(() => this.#sendInTurn(), sends.everyMs / TURNS);
  }

  /** Why the first that could not be opened was not; undefined while all could. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Resolves when all have ended that could be opened, or after `limitMs`. */
  async allClosed(limitMs: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const limit = new Promise<void>((resolve) => timer = setTimeout(resolve, limitMs));
    await Promise.race([this.opened.then(() => Promise.all(this.#ends)), limit]);
    clearTimeout(timer);
  }

  /** Closes what is open. @returns how many were open */
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

  /** Those that were opened in this turn send again. */
  #sendInTurn(): void {
    this.#turn = (this.#turn + 1) % TURNS;
    for (const held of this.#turns[this.#turn]) this.#send(held);
  }

  /** Sends what is next, unless the server has not taken what came before. */
  async #send(held: Held): Promise<void> {
    const { sends } = this.#options;
    if (!sends || held.isWriting) return;
    const bytes = SENDS[sends.what](held.sent++);
    held.isWriting = true;
    try {
      for (let at = 0; at < bytes.length;) at += await held.conn.write(bytes.subarray(at));
      held.isWriting = false;
    } catch {
      // The connection has ended: reading notes that.
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
