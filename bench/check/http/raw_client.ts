/**
 * A TCP client that sends any bytes, well-formed or not, and reads what comes back with the strict
 * {@link ResponseReader}. It reads while it sends, so that neither side can block the other.
 */
import { type Cuts, pieces } from "../cuts.ts";
import type { Step } from "./cases.ts";
import { type HttpResponse, isInterim, ResponseFault, ResponseReader } from "./response_reader.ts";

/** The connection as the client sees it: `closed` by the peer's FIN, `reset`, or still `open`. */
export type ConnectionEnd = "open" | "closed" | "reset";

export interface Exchange {
  /** Complete responses in order, interim ones included. */
  responses: HttpResponse[];
  end: ConnectionEnd;
  /** The deadline passed before what was waited for. */
  timedOut: boolean;
  /** What was wrong with the bytes received, if anything. */
  fault?: string;
}

export class RawClient implements Disposable {
  #conn: Deno.Conn;
  #reader: ResponseReader;
  #responses: HttpResponse[] = [];
  #end: ConnectionEnd = "open";
  #fault: string | undefined;
  #sendFailed = false;
  #wake: (() => void)[] = [];
  #pump: Promise<void>;

  private constructor(conn: Deno.Conn, methods: readonly string[]) {
    this.#conn = conn;
    this.#reader = new ResponseReader(methods);
    this.#pump = this.#read();
  }

  /**
   * Connects.
   *
   * @param methods the methods of the requests that will be sent, in order
   * @throws when nobody listens at the address
   */
  static async connect(
    address: Deno.ConnectOptions,
    methods: readonly string[] = [],
  ): Promise<RawClient> {
    const conn = await Deno.connect(address);
    conn.setNoDelay(true);
    return new RawClient(conn, methods);
  }

  /** What was received so far. */
  get exchange(): Exchange {
    return {
      responses: [...this.#responses],
      end: this.#end,
      timedOut: false,
      ...(this.#fault === undefined ? {} : { fault: this.#fault }),
    };
  }

  /** Final responses received so far. */
  get finals(): number {
    return this.#responses.filter((response) => !isInterim(response)).length;
  }

  /**
   * Sends bytes, one write per piece.
   *
   * @returns false when the peer no longer takes bytes, which is no fault: its answer may have come
   */
  async send(bytes: Uint8Array, cuts: Cuts = []): Promise<boolean> {
    for (const piece of pieces(bytes, cuts)) {
      let sent = 0;
      while (sent < piece.length && !this.#sendFailed) {
        try {
          sent += await this.#conn.write(piece.subarray(sent));
        } catch {
          this.#sendFailed = true;
        }
      }
      if (this.#sendFailed) return false;
    }
    return true;
  }

  /** Sends one more request of the given method, whole. */
  request(method: string, bytes: Uint8Array): Promise<boolean> {
    this.#reader.expect(method);
    return this.send(bytes);
  }

  /** Sends FIN; the peer can still answer. */
  async halfClose(): Promise<void> {
    try {
      await this.#conn.closeWrite();
    } catch {
      this.#sendFailed = true;
    }
  }

  /**
   * Waits until a condition on what was received holds, the connection ends, or something malformed
   * arrives.
   *
   * @returns what was received; `timedOut` when none of these happened in time
   */
  async until(
    condition: (client: RawClient) => boolean,
    deadlineMs: number,
  ): Promise<Exchange> {
    const deadline = performance.now() + deadlineMs;
    for (;;) {
      if (this.#end !== "open" || this.#fault !== undefined || condition(this)) {
        return this.exchange;
      }
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) return { ...this.exchange, timedOut: true };
      await this.#change(leftMs);
    }
  }

  /** Waits for a number of final responses; see {@link until}. */
  untilFinals(count: number, deadlineMs: number): Promise<Exchange> {
    return this.until((client) => client.finals >= count, deadlineMs);
  }

  /** Waits until the peer closes; see {@link until}. */
  untilClosed(deadlineMs: number): Promise<Exchange> {
    return this.until(() => false, deadlineMs);
  }

  /** Closes the socket and waits until the reading has stopped. */
  async close(): Promise<void> {
    this[Symbol.dispose]();
    await this.#pump;
  }

  [Symbol.dispose](): void {
    try {
      this.#conn.close();
    } catch {
      // Closed before.
    }
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(65536);
    try {
      for (;;) {
        const count = await this.#conn.read(buffer);
        if (count === null) break;
        this.#take(() => this.#reader.push(buffer.subarray(0, count)));
      }
      this.#end = "closed";
      this.#take(() => this.#reader.end());
    } catch (error) {
      // A read on the socket that close() closed ends here too, when nobody looks any more.
      if (this.#end === "open") this.#end = "reset";
      if (!(error instanceof Deno.errors.ConnectionReset || isClosing(error))) {
        this.#fault ??= `${error}`;
      }
    }
    this.#notify();
  }

  #take(read: () => HttpResponse[]): void {
    if (this.#fault !== undefined) return;
    try {
      this.#responses.push(...read());
    } catch (error) {
      if (!(error instanceof ResponseFault)) throw error;
      this.#fault = error.message;
    }
    this.#notify();
  }

  #notify(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  async #change(timeoutMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake.push(resolve);
    const timer = setTimeout(resolve, timeoutMs);
    await promise;
    clearTimeout(timer);
  }
}

/** The error of a read that the client's own close interrupted. */
function isClosing(error: unknown): boolean {
  return error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted;
}

export interface ExchangeOptions {
  /** The methods of the requests in order (GET for those not named). */
  methods?: readonly string[];
  /** Offsets in all bytes together at which a write ends. */
  cuts?: Cuts;
  /** Send FIN after the last byte. */
  halfClose?: boolean;
  /** Stop after this many final responses, or when the peer closes. */
  until: number | "close";
  /** For the whole exchange (5,000). */
  deadlineMs?: number;
}

/**
 * Sends a sequence of steps on a new connection and collects what comes back.
 *
 * A waiting step ends with the interim response that it waits for; when a final response or the end
 * comes first, the steps after it are left out, as a client would.
 */
export async function exchange(
  address: Deno.ConnectOptions,
  steps: readonly Step[],
  options: ExchangeOptions,
): Promise<Exchange> {
  const { methods = [], cuts = [], halfClose = false, until, deadlineMs = 5000 } = options;
  const client = await RawClient.connect(address, methods);
  try {
    await sendSteps(client, steps, { cuts, deadlineMs });
    if (halfClose) await client.halfClose();
    return until === "close"
      ? await client.untilClosed(deadlineMs)
      : await client.untilFinals(until, deadlineMs);
  } finally {
    await client.close();
  }
}

/**
 * Takes the steps of a case one after the other; see {@link exchange}.
 *
 * @returns false when the steps after a wait were left out
 */
export async function sendSteps(
  client: RawClient,
  steps: readonly Step[],
  { cuts, deadlineMs }: { cuts: Cuts; deadlineMs: number },
): Promise<boolean> {
  let offset = 0;
  let waits = 0;
  for (const step of steps) {
    if (step instanceof Uint8Array) {
      await client.send(step, cuts.map((cut) => cut - offset));
      offset += step.length;
      continue;
    }
    waits++;
    const interims = ({ responses }: Exchange) =>
      responses.filter((response) => response.status === step.after).length;
    const seen = await client.until(
      (now) => interims(now.exchange) >= waits || now.finals > step.finals,
      deadlineMs,
    );
    if (interims(seen) < waits) return false;
  }
  return true;
}
