/**
 * Connections that are held open without a load: idle ones, slow ones, and ones that send a head
 * slowly.
 */
import { LatencyHistogram } from "../stats/histogram.ts";
import type { Target } from "./lab.ts";

/** A connection, and since when it has been open. */
interface Held {
  conn: Deno.TcpConn;
  openedMs: number;
}

/** Connects under way at once: fewer than the backlogs that experiments ask for. */
const CONNECTS_AT_ONCE = 100;

/** A whole request, in HTTP/1.1: the connection stays. */
const REQUEST = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: lab\r\n\r\n");

/** What became of held connections. */
export interface HeldOutcome {
  /** Connections that the server closed, and how long after they were opened. */
  closing: LatencyHistogram;
  /** Connections that were still open in the end. */
  open: number;
}

/** Opens `count` connections. */
async function openMany(target: Target, count: number): Promise<Held[]> {
  const held: Held[] = [];
  const { hostname, port } = target;
  const openOne = async () => {
    const conn = await Deno.connect({ hostname, port });
    held.push({ conn, openedMs: performance.now() });
  };
  try {
    while (held.length < count) {
      const batch = Math.min(CONNECTS_AT_ONCE, count - held.length);
      await Promise.all(Array.from({ length: batch }, openOne));
    }
  } catch (error) {
    closeAll(held);
    throw error;
  }
  return held;
}

/** Resolves when the server ends the connection, by FIN or reset, or this side does. */
async function untilEnd(conn: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(512);
  try {
    while (await conn.read(buffer) !== null);
  } catch {
    // Reset by the server, or closed here at the end of the experiment: it ended either way.
  }
}

function closeAll(held: Iterable<Held>): void {
  for (const { conn } of held) {
    try {
      conn.close();
    } catch {
      // Closed already.
    }
  }
}

/** Connections that send nothing at all, or a request at intervals. */
export class HeldConnections {
  readonly #closing = new LatencyHistogram();
  readonly #open: Set<Held>;
  readonly #ends: Promise<void>[];
  #isOver = false;

  private constructor(held: Held[]) {
    this.#open = new Set(held);
    this.#ends = held.map(async (one) => {
      await untilEnd(one.conn);
      if (this.#isOver) return;
      this.#closing.record((performance.now() - one.openedMs) * 1000);
      this.#open.delete(one);
      closeAll([one]);
    });
  }

  /** Opens `count` connections to `target`. */
  static async open(target: Target, count: number): Promise<HeldConnections> {
    return new HeldConnections(await openMany(target, count));
  }

  /** Sends a request on each connection that is open; the answers are read and forgotten. */
  request(): Promise<void> {
    return this.write(REQUEST);
  }

  /** Sends `bytes` on each connection that is open. */
  async write(bytes: Uint8Array): Promise<void> {
    // A connection that the server has just closed does not take them: `untilEnd` notes that.
    await Promise.allSettled([...this.#open].map(({ conn }) => conn.write(bytes)));
  }

  /** Resolves when the server has closed all of them, or after `limitMs`. */
  async allClosed(limitMs: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const limit = new Promise<void>((resolve) => timer = setTimeout(resolve, limitMs));
    await Promise.race([Promise.all(this.#ends), limit]);
    clearTimeout(timer);
  }

  /** Closes what is open. The histogram is the caller's to free. */
  async end(): Promise<HeldOutcome> {
    const open = this.#open.size;
    this.#isOver = true;
    closeAll(this.#open);
    await Promise.all(this.#ends);
    return { closing: this.#closing, open };
  }
}
