/**
 * What a Worker's server did, in memory that it shares with its owner: a message would take the
 * Worker, and the owner, a turn of the runtime each, some ten times of what the answer itself costs.
 *
 * The owner asks by a count, and the Worker, which is woken, writes its answer and sets the second
 * count to the first. So the answer is the Worker's while the counts differ, and the owner's while
 * they are equal. A word for all Workers has how many of them have not answered: whoever answers
 * last wakes the owner.
 */
import { type Counters, zeroCounters } from "../../net/counters.ts";
import type { CallCounts } from "../../net/engines/linux/call_counts.ts";
import { WORDS_PER_CONNECTION } from "../../net/connection_list.ts";

/** What a server did, and what its connections do. */
export interface ServerReport {
  counters: Counters;
  /** System calls, by an engine that makes them itself. */
  calls?: CallCounts;
  /** The words of a `ConnectionList`. */
  connections: Int32Array;
  /** What all reports have cost this thread, in us. */
  costUs: number;
}

/** The words in front of the figures. */
const enum Word {
  /** How often it was asked, and the last question that is answered. */
  Asked,
  Answered,
  /** Connections that are wanted at the most. */
  MaxConnections,
  /** Words of the list of connections. */
  Listed,
  Words,
}

const COUNTERS = Object.keys(zeroCounters()) as (keyof Counters)[];
const CALLS: readonly (keyof CallCounts)[] = ["waits", "events", "calls"];

/** The counters, the calls, and what reports have cost. */
const FIGURES = COUNTERS.length + CALLS.length + 1;
const FIGURES_AT = 4 * Word.Words;
const LIST_AT = FIGURES_AT + 8 * FIGURES;

/** The memory of a cell: plain data, which is sent to the Worker. */
export interface ReportShare {
  cell: SharedArrayBuffer;
  /** One word: Workers that were asked and have not answered. */
  open: Int32Array<SharedArrayBuffer>;
}

/** Memory for `workers` Workers, each of which lists at most `maxConnections`. */
export function reportShares(workers: number, maxConnections: number): ReportShare[] {
  const open = new Int32Array(new SharedArrayBuffer(4));
  const bytes = LIST_AT + 4 * WORDS_PER_CONNECTION * maxConnections;
  return Array.from({ length: workers }, () => ({ cell: new SharedArrayBuffer(bytes), open }));
}

/**
 * Waits until no Worker has a question to answer any more.
 *
 * @param patienceMs so long at the most
 */
export async function allAnswered(
  { open }: Pick<ReportShare, "open">,
  patienceMs: number,
): Promise<void> {
  for (;;) {
    const count = Atomics.load(open, 0);
    if (count === 0) return;
    const { value } = Atomics.waitAsync(open, 0, count, patienceMs);
    if (await value === "timed-out") return;
  }
}

/** A Worker's place for its answers, as both see it. */
export class ReportCell {
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #figures: Float64Array<SharedArrayBuffer>;
  readonly #list: Int32Array<SharedArrayBuffer>;
  readonly #open: Int32Array<SharedArrayBuffer>;

  constructor({ cell, open }: ReportShare) {
    this.#words = new Int32Array(cell, 0, Word.Words);
    this.#figures = new Float64Array(cell, FIGURES_AT, FIGURES);
    this.#list = new Int32Array(cell, LIST_AT);
    this.#open = open;
  }

  /** Whether there is a question that is not answered. */
  get isAsked(): boolean {
    return Atomics.load(this.#words, Word.Asked) !== Atomics.load(this.#words, Word.Answered);
  }

  // The owner's

  /** Asks for a report that lists at most `maxConnections`, and as many as there is room for. */
  ask(maxConnections: number): void {
    const room = this.#list.length / WORDS_PER_CONNECTION;
    this.#words[Word.MaxConnections] = Math.min(maxConnections, room);
    Atomics.add(this.#open, 0, 1);
    Atomics.add(this.#words, Word.Asked, 1);
    Atomics.notify(this.#words, Word.Asked);
  }

  /** The last answer; nothing may be asked. */
  read(): ServerReport {
    const figures = this.#figures;
    const counters = zeroCounters();
    let at = 0;
    for (const name of COUNTERS) counters[name] = figures[at++];
    const [waits, events, calls, costUs] = figures.subarray(at);
    return {
      counters,
      // An engine that makes calls has waited before it answers.
      calls: waits > 0 ? { waits, events, calls } : undefined,
      connections: this.#list.slice(0, this.#words[Word.Listed]),
      costUs,
    };
  }

  // The Worker's, and the owner's when there is none

  /** Answers if it is asked. @param report makes the answer */
  answer(report: (maxConnections: number) => ServerReport): void {
    if (!this.isAsked) return;
    const { counters, calls, connections, costUs } = report(this.#words[Word.MaxConnections]);
    const figures = this.#figures;
    let at = 0;
    for (const name of COUNTERS) figures[at++] = counters[name];
    for (const name of CALLS) figures[at++] = calls?.[name] ?? 0;
    figures[at] = costUs;
    this.#list.set(connections);
    this.#words[Word.Listed] = connections.length;
    this.forget();
  }

  /** Takes the question as answered. */
  forget(): void {
    const words = this.#words;
    if (!this.isAsked) return;
    Atomics.store(words, Word.Answered, Atomics.load(words, Word.Asked));
    if (Atomics.sub(this.#open, 0, 1) === 1) Atomics.notify(this.#open, 0);
  }

  /** Resolves when it is asked, for a thread that its engine does not block. */
  async asked(): Promise<void> {
    const words = this.#words;
    const seen = Atomics.load(words, Word.Answered);
    await Atomics.waitAsync(words, Word.Asked, seen).value;
  }
}
