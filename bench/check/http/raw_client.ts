/**
 * An HTTP client that sends any bytes, well-formed or not, and reads what comes back with the strict
 * {@link ResponseReader}.
 */
import type { Cuts } from "../cuts.ts";
import { type ConnectionEnd, Peer } from "../peer.ts";
import type { Step } from "./cases.ts";
import { type HttpResponse, isInterim, ResponseFault, ResponseReader } from "./response_reader.ts";

export interface Exchange {
  /** Complete responses in order, interim ones included. */
  responses: HttpResponse[];
  end: ConnectionEnd;
  /** Whether the deadline passed before the condition was met. */
  timedOut: boolean;
  /** What was wrong with the bytes received, if anything. */
  fault?: string;
}

export class RawClient implements Disposable {
  #peer!: Peer;
  #reader: ResponseReader;
  #responses: HttpResponse[] = [];
  #fault: string | undefined;

  private constructor(methods: readonly string[]) {
    this.#reader = new ResponseReader(methods);
  }

  /**
   * Connects.
   *
   * @param methods the methods of the requests that will be sent, in order
   * @param timeoutMs for the connection (none)
   * @throws {ServerGone} when no server listens at the address
   */
  static async connect(
    address: Deno.ConnectOptions,
    methods: readonly string[] = [],
    timeoutMs?: number,
  ): Promise<RawClient> {
    const client = new RawClient(methods);
    const listener = {
      bytes: (bytes: Uint8Array) => client.#take(() => client.#reader.push(bytes)),
      end: (how: ConnectionEnd) => {
        if (how === "closed") client.#take(() => client.#reader.end());
      },
    };
    client.#peer = await Peer.connect(address, { listener, timeoutMs });
    return client;
  }

  /** The underlying connection. */
  get peer(): Peer {
    return this.#peer;
  }

  /** What was received so far. */
  get exchange(): Exchange {
    return {
      responses: [...this.#responses],
      end: this.#peer.end,
      timedOut: false,
      ...(this.#fault === undefined ? {} : { fault: this.#fault }),
    };
  }

  /** Final responses received so far. */
  get finals(): number {
    return this.#responses.filter((response) => !isInterim(response)).length;
  }

  /** Sends bytes, one write per piece; see {@link Peer.send}. */
  send(bytes: Uint8Array, cuts: Cuts = []): Promise<boolean> {
    return this.#peer.send(bytes, cuts);
  }

  /** Sends one more request of the given method, whole. */
  request(method: string, bytes: Uint8Array): Promise<boolean> {
    this.#reader.expect(method);
    return this.send(bytes);
  }

  /** Sends FIN; the peer can still answer. */
  halfClose(): Promise<void> {
    return this.#peer.halfClose();
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
    const inTime = await this.#peer.until(
      () => this.#fault !== undefined || condition(this),
      deadlineMs,
    );
    return inTime ? this.exchange : { ...this.exchange, timedOut: true };
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
  close(): Promise<void> {
    return this.#peer.close();
  }

  [Symbol.dispose](): void {
    this.#peer[Symbol.dispose]();
  }

  #take(read: () => HttpResponse[]): void {
    if (this.#fault !== undefined) return;
    try {
      this.#responses.push(...read());
    } catch (error) {
      if (!(error instanceof ResponseFault)) throw error;
      this.#fault = error.message;
    }
  }
}

export interface ExchangeOptions {
  /** The methods of the requests in order (GET for those not named). */
  methods?: readonly string[];
  /** Offsets, within the bytes of all steps, at which a write ends. */
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
 * A waiting step ends with the interim response that it waits for. If a final response or the end
 * comes first, the remaining steps are skipped, as a client would do.
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
 * Carries out the steps of a case in order; see {@link exchange}.
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
