/**
 * The Worker's end of the protocol in messages.ts: takes batches and runs their items. It knows
 * neither the Worker's global scope nor its event loop, so that a test can take it step by step.
 */
import {
  ASLEEP_WORD,
  BEGUN_WORD,
  BLOCKED_WORD,
  isAtLeast,
  readWord,
  ToOwner,
  ToWorker,
} from "./messages.ts";
import type { OwnerMessage, WireItem, WorkerFacts, WorkerMessage } from "./messages.ts";

/**
 * A work function. While it runs synchronously nothing else runs on this Worker; while its promise
 * is pending the Worker takes no other item, but messages come in.
 */
// deno-lint-ignore no-explicit-any
export type WorkFunction<Init> = (data: any, context: WorkContext<Init>) => unknown;

/** The context of a work function's run. */
export class WorkContext<Init> {
  /** What `setUp` returned, or the pools' `init` itself. */
  readonly init: Init;
  /** The Worker's name and core. */
  readonly worker: WorkerFacts;
  /** Hands whole lines to the pools' `onPrint`, also after the function has ended. */
  readonly print: (lines: string) => void;
  /** The other end of what the pools' option `connect` was given; `null` without it. */
  readonly port: MessagePort | null;
  /** Reports that the Worker is about to sleep in a call, or has slept. */
  readonly noteBlocked: (isBlocked: boolean) => void;
  /**
   * Called when the Worker crashes, before the owner learns of it. From then on, what the owner
   * takes over must not be used any more, although the runtime still runs what was already due.
   */
  onCrash: (() => void) | undefined;
  #run: Run | null;
  #listener: ((message: unknown) => void) | null = null;
  #waiting: unknown[];

  /** @internal */
  constructor(init: Init, worker: WorkerFacts, run: Run, waiting: unknown[]) {
    this.init = init;
    this.worker = worker;
    this.print = run.print;
    this.port = run.port;
    this.noteBlocked = run.noteBlocked;
    this.#run = run;
    this.#waiting = waiting;
  }

  /** Sends plain data to the item's `onMessage`; does nothing once the function has ended. */
  post(message: unknown): void {
    this.#run?.post(message);
  }

  /** Calls `listener` with each message that `sendToWork` sends, including earlier ones. */
  onMessage(listener: (message: unknown) => void): void {
    this.#listener = listener;
    for (const message of this.#waiting.splice(0)) this.deliver(message);
  }

  /** @internal */
  deliver(message: unknown): void {
    if (this.#listener) {
      this.#run?.countRead();
      this.#listener(message);
    } else this.#waiting.push(message);
  }

  /** Ends the run; unread messages go back to the owner. @internal */
  end(): void {
    this.#run = null;
    this.#waiting = [];
  }
}

/** What a context needs of the run that it belongs to. */
interface Run {
  post(message: unknown): void;
  /** Hands whole lines to the pools' `onPrint`. */
  print(lines: string): void;
  /** The Worker is about to sleep in a call, or has slept. */
  noteBlocked(isBlocked: boolean): void;
  /** Counts one more message as read. */
  countRead(): void;
  readonly port: MessagePort | null;
}

/** What the Worker's end needs of the Worker. */
export interface WorkerPort {
  /** Sends `message` to the owner; throws when it cannot be cloned. */
  post(message: WorkerMessage): void;
  /** Called when an item that slept has ended: `begin` has to be called while `canBegin`. */
  resume(): void;
}

/** Runs the items that an owner sends, one after the other. */
export class WorkerEnd<Init> {
  #functions: Map<string, WorkFunction<Init>>;
  #port: WorkerPort;
  #cell!: Int32Array;
  #facts!: WorkerFacts;
  #channel: MessagePort | null = null;
  #init!: Init;
  /** The waiting items; `#seq` is the number of the first. */
  #items: WireItem[] = [];
  #next = 0;
  #seq = 0;
  #running: { context: WorkContext<Init>; seq: number } | null = null;

  constructor(functions: Record<string, WorkFunction<Init>>, port: WorkerPort) {
    this.#functions = new Map(Object.entries(functions));
    this.#port = port;
  }

  /** Tells the owner that the Worker is set up, with `init` for its functions. */
  ready(facts: WorkerFacts, cell: Int32Array, init: Init, port: MessagePort | null = null): void {
    this.#channel = port;
    this.#facts = facts;
    this.#cell = cell;
    this.#init = init;
    this.#port.post([ToOwner.Ready]);
  }

  /**
   * Tells the owner that the Worker is lost. It has to be closed at once, as nothing else may
   * begin.
   */
  crash(reason: string): void {
    this.#running?.context.onCrash?.();
    this.#port.post([ToOwner.Crash, reason]);
  }

  /** Handles a batch, or a message to an item. */
  receive(message: OwnerMessage): void {
    if (message[0] === ToWorker.Run) {
      [, this.#seq, this.#items] = message;
      this.#next = 0;
    } else if (message[0] === ToWorker.Message) {
      const [, seq, content] = message;
      if (this.#running?.seq === seq) return this.#running.context.deliver(content);
      if (!isAtLeast(seq, this.#seq)) return;
      const item = this.#items[this.#next + ((seq - this.#seq) | 0)];
      if (item) (item[2] ??= []).push(content);
    }
  }

  /** Whether an item waits and none runs. */
  get canBegin(): boolean {
    return this.#next < this.#items.length && this.#running === null;
  }

  /**
   * Begins the next item and runs it to its end or its first wait; drops all waiting items if they
   * were taken back.
   */
  begin(): void {
    const item = this.#items[this.#next++];
    if (this.#next === this.#items.length) this.#forgetItems();
    const seq = this.#seq;
    const before = (seq - 1) | 0;
    this.#seq = (seq + 1) | 0;
    this.#cell[readWord(seq)] = 0;
    if (Atomics.compareExchange(this.#cell, BEGUN_WORD, before, seq) === before) {
      return this.#runItem(seq, item);
    }
    this.#forgetItems();
    this.#port.post([ToOwner.Dropped]);
  }

  #forgetItems(): void {
    this.#items = [];
    this.#next = 0;
  }

  /** Everything that decides what it does next. @internal */
  get state(): unknown {
    return [this.#items.slice(this.#next), this.#seq, this.#running?.seq];
  }

  #runItem(seq: number, [func, data, messages]: WireItem): void {
    const sinceMs = performance.now();
    let read = 0;
    const context = new WorkContext(this.#init, this.#facts, {
      post: (message) => this.#port.post([ToOwner.Message, message]),
      print: (lines) => this.#port.post([ToOwner.Print, lines]),
      port: this.#channel,
      noteBlocked: (isBlocked) => noteBlocked(this.#cell, isBlocked),
      countRead: () => void Atomics.store(this.#cell, readWord(seq), ++read),
    }, messages ?? []);
    this.#running = { context, seq };
    try {
      const work = this.#functions.get(func);
      if (!work) throw new Error(`the Worker's entry serves no function of that name`);
      const result = work(data, context);
      if (!isThenable(result)) return this.#done(seq, sinceMs, result);
      Atomics.store(this.#cell, ASLEEP_WORD, 1);
      // The owner needs to know only if others can run meanwhile: on this core, or from behind this
      // item.
      const hasOthers = this.#facts.cpu !== null || this.#next < this.#items.length;
      if (hasOthers) this.#port.post([ToOwner.Sleep]);
      result.then((result) => {
        this.#done(seq, sinceMs, result);
        this.#port.resume();
      }, (error) => {
        this.#failed(seq, sinceMs, error);
        this.#port.resume();
      });
    } catch (error) {
      this.#failed(seq, sinceMs, error);
    }
  }

  #done(seq: number, sinceMs: number, result: unknown): void {
    const busyUs = this.#end(sinceMs);
    try {
      this.#port.post([ToOwner.Done, seq, busyUs, result]);
    } catch (error) {
      const reason = `its result cannot be sent: ${reasonOf(error)}`;
      this.#port.post([ToOwner.Failed, seq, busyUs, reason]);
    }
  }

  #failed(seq: number, sinceMs: number, error: unknown): void {
    this.#port.post([ToOwner.Failed, seq, this.#end(sinceMs), reasonOf(error)]);
  }

  #end(sinceMs: number): number {
    Atomics.store(this.#cell, ASLEEP_WORD, 0);
    this.#running!.context.end();
    this.#running = null;
    return (performance.now() - sinceMs) * 1000;
  }
}

/** Records in a Worker's `cell` whether the Worker sleeps in a call. */
export function noteBlocked(cell: Int32Array, isBlocked: boolean): void {
  Atomics.store(cell, BLOCKED_WORD, isBlocked ? 1 : 0);
}

function isThenable(value: unknown): value is Promise<unknown> {
  return typeof (value as Promise<unknown> | null)?.then === "function";
}

/** What was thrown, in one line. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
