/**
 * The counts of an echo run, in shared memory, where the main thread can read them to show the
 * progress and when the run is interrupted. Each client is counted by one Worker only; the totals
 * are atomic.
 */
import { FAILURE_KINDS, type FailureKind } from "./errors.ts";
import type { EchoSample } from "../result.ts";
import type { ClientRecord, EchoFailures } from "../result.ts";

/** Most echoes whose samples are kept: five bytes each, so 160 MiB. */
export const MAX_SAMPLES = 2 ** 25;

/** Samples are kept in tenths of a microsecond; longer ones count as 429 s. */
const TENTHS_PER_US = 10;
const MAX_TENTHS = 2 ** 32 - 1;

/** Index of good echoes among the totals; the kinds of failures follow it. */
const OK = 0;

/** The extent of a run. */
export interface TalliesShape {
  threads: number;
  rounds: number;
  messages: number;
}

/** What another thread needs to count into the same memory. */
export interface TalliesShare {
  shape: TalliesShape;
  totals: SharedArrayBuffer;
  clients: SharedArrayBuffer;
  /** Null when samples are not kept. */
  samples: SharedArrayBuffer | null;
}

/** `us`, rounded to the resolution of kept samples. */
export function roundedUs(us: number): number {
  return Math.round(us * TENTHS_PER_US) / TENTHS_PER_US;
}

/** One thread's view of the counts. */
export class EchoTallies {
  readonly share: TalliesShare;
  readonly #totals: Int32Array;
  /** For each client: sum of its echo latencies in µs, good echoes, failed echoes. */
  readonly #clients: Float64Array;
  /** By client, round and message: latency in tenths of a µs. */
  readonly #echoTenths: Uint32Array | null = null;
  /** By client and round; 0 when there is none. */
  readonly #connectTenths: Uint32Array | null = null;
  /** By client, round and message: 0 not attempted, 1 good, from 2 the failure kinds. */
  readonly #results: Uint8Array | null = null;

  /** Attaches to the memory of another thread's tallies. */
  constructor(share: TalliesShare) {
    this.share = share;
    this.#totals = new Int32Array(share.totals);
    this.#clients = new Float64Array(share.clients);
    if (share.samples) {
      const { connects, echoes } = sampleCounts(share.shape);
      this.#echoTenths = new Uint32Array(share.samples, 0, echoes);
      this.#connectTenths = new Uint32Array(share.samples, echoes * 4, connects);
      this.#results = new Uint8Array(share.samples, (echoes + connects) * 4, echoes);
    }
  }

  /**
   * New counts, all 0.
   *
   * @param keepSamples whether every sample is kept, for {@linkcode samples}
   * @throws {RangeError} when that would be more than {@linkcode MAX_SAMPLES}
   */
  static create(shape: TalliesShape, keepSamples: boolean): EchoTallies {
    const { connects, echoes } = sampleCounts(shape);
    if (keepSamples && echoes > MAX_SAMPLES) {
      throw new RangeError(`Cannot keep ${echoes} samples: at most ${MAX_SAMPLES}`);
    }
    return new EchoTallies({
      shape,
      totals: new SharedArrayBuffer(4 * (1 + FAILURE_KINDS.length)),
      clients: new SharedArrayBuffer(3 * 8 * shape.threads),
      samples: keepSamples ? new SharedArrayBuffer(4 * (echoes + connects) + echoes) : null,
    });
  }

  /** Counts the time that `client` took to connect in `round`. */
  connected(client: number, round: number, us: number): void {
    if (!this.#connectTenths) return;
    // 0 stands for none.
    this.#connectTenths[client * this.share.shape.rounds + round] = Math.max(1, tenths(us));
  }

  /** Counts a good echo. */
  succeeded(client: number, round: number, sequence: number, us: number): void {
    Atomics.add(this.#totals, OK, 1);
    this.#clients[3 * client] += us;
    this.#clients[3 * client + 1]++;
    if (!this.#echoTenths) return;
    const index = this.#index(client, round, sequence);
    this.#echoTenths[index] = tenths(us);
    this.#results![index] = 1;
  }

  /** Counts an echo that failed. */
  failed(client: number, round: number, sequence: number, kind: FailureKind): void {
    const code = FAILURE_KINDS.indexOf(kind);
    Atomics.add(this.#totals, OK + 1 + code, 1);
    this.#clients[3 * client + 2]++;
    if (this.#results) this.#results[this.#index(client, round, sequence)] = 2 + code;
  }

  /** Good echoes so far. */
  get ok(): number {
    return Atomics.load(this.#totals, OK);
  }

  /** Failed echoes so far, by kind. */
  get failures(): EchoFailures {
    const counts = FAILURE_KINDS.map((kind, i) => [kind, Atomics.load(this.#totals, OK + 1 + i)]);
    return Object.fromEntries(counts);
  }

  /** Good and failed echoes so far. */
  get attempted(): number {
    return this.#totals.reduce((sum, count) => sum + count, 0);
  }

  /** What each client saw, by index. */
  clients(): ClientRecord[] {
    return Array.from({ length: this.share.shape.threads }, (_, index) => {
      const [sumUs, ok, failed] = this.#clients.subarray(3 * index, 3 * index + 3);
      return { index, meanUs: ok === 0 ? null : Number((sumUs / ok).toFixed(2)), failed };
    });
  }

  /** Every attempted echo, by client, round and message; none if samples are not kept. */
  *samples(): Generator<EchoSample> {
    if (!this.#results || !this.#connectTenths || !this.#echoTenths) return;
    const { rounds, messages } = this.share.shape;
    for (let index = 0; index < this.#results.length; index++) {
      const code = this.#results[index];
      if (code === 0) continue;
      const seq = index % messages;
      const connect = Math.floor(index / messages);
      const connectTenths = seq === 0 ? this.#connectTenths[connect] : 0;
      yield {
        client: Math.floor(connect / rounds),
        round: connect % rounds,
        seq,
        connectUs: connectTenths === 0 ? null : connectTenths / TENTHS_PER_US,
        echoUs: code === 1 ? this.#echoTenths[index] / TENTHS_PER_US : null,
        result: code === 1 ? "ok" : FAILURE_KINDS[code - 2],
      };
    }
  }

  #index(client: number, round: number, sequence: number): number {
    const { rounds, messages } = this.share.shape;
    return (client * rounds + round) * messages + sequence;
  }
}

function sampleCounts({ threads, rounds, messages }: TalliesShape) {
  return { connects: threads * rounds, echoes: threads * rounds * messages };
}

function tenths(us: number): number {
  return Math.min(Math.round(us * TENTHS_PER_US), MAX_TENTHS);
}
