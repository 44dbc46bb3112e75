/**
 * The Worker's side: a Worker's entry module calls {@linkcode serveWork} once, with the functions
 * that items may name.
 */
import { type OwnerMessage, ToOwner, ToWorker, type WireItem } from "./messages.ts";
import type { WorkerFacts, WorkerMessage } from "./messages.ts";

/**
 * A work function. While it runs synchronously nothing else runs on this Worker; while its promise
 * is pending the Worker takes no other item, but messages come in.
 */
// deno-lint-ignore no-explicit-any
export type WorkFunction<Init> = (data: any, context: WorkContext<Init>) => unknown;

/** What {@linkcode serveWork} can be told besides. */
export interface ServeOptions<Init, Data> {
  /**
   * Makes of the pools' `init` what work functions find as `context.init`; runs once, before the
   * first item. When it throws, the Worker counts as not started. `print` hands whole lines to
   * the pools' `onPrint`.
   */
  setUp?(init: Data, facts: WorkerFacts, print: (lines: string) => void): Init | Promise<Init>;
}

/** Ways from a Worker to its owner. */
interface Outlets {
  /** To the item that runs. */
  post: (message: unknown) => void;
  /** To the pools. */
  print: (lines: string) => void;
}

/** What a work function knows of its run. */
export class WorkContext<Init> {
  /** What `setUp` made of the pools' `init`, or `init` itself. */
  readonly init: Init;
  /** The Worker's name and core. */
  readonly worker: WorkerFacts;
  /** Hands whole lines to the pools' `onPrint`, also after the function has ended. */
  readonly print: (lines: string) => void;
  #post: ((message: unknown) => void) | null;
  #listener: ((message: unknown) => void) | null = null;
  #waiting: unknown[];

  /** @internal */
  constructor(
    init: Init,
    worker: WorkerFacts,
    { post, print }: Outlets,
    waiting: unknown[],
  ) {
    this.init = init;
    this.worker = worker;
    this.print = print;
    this.#post = post;
    this.#waiting = waiting;
  }

  /** Sends plain data to the item's `onMessage`; nothing once the function has ended. */
  post(message: unknown): void {
    this.#post?.(message);
  }

  /** Calls `listener` with each message that `sendToWork` sends, those sent before included. */
  onMessage(listener: (message: unknown) => void): void {
    this.#listener = listener;
    for (const message of this.#waiting.splice(0)) listener(message);
  }

  /** @internal */
  deliver(message: unknown): void {
    if (this.#listener) this.#listener(message);
    else this.#waiting.push(message);
  }

  /** @internal */
  end(): void {
    this.#post = null;
  }
}

/** The part of a Worker's global scope that is used. */
interface Scope {
  onmessage: ((event: MessageEvent<OwnerMessage>) => void) | null;
  postMessage(message: WorkerMessage): void;
  close(): void;
  addEventListener(type: "error", listener: (event: ErrorEvent) => void): void;
  addEventListener(
    type: "unhandledrejection",
    listener: (event: PromiseRejectionEvent) => void,
  ): void;
}

/**
 * Serves work items with `functions`, by name, for the life of this Worker. The entry calls it
 * before its first top-level `await`.
 */
export function serveWork<Init = unknown, Data = Init>(
  functions: Record<string, WorkFunction<Init>>,
  options: ServeOptions<Init, Data> = {},
): void {
  const server = new WorkServer(functions, options);
  server.start(globalThis as unknown as Scope);
}

class WorkServer<Init, Data> {
  #functions: Map<string, WorkFunction<Init>>;
  #options: ServeOptions<Init, Data>;
  #post!: (message: WorkerMessage) => void;
  readonly #print = (lines: string) => this.#post([ToOwner.Print, lines]);
  #close!: () => void;
  #cell!: Int32Array;
  #facts!: WorkerFacts;
  #init!: Init;
  #items: WireItem[] = [];
  #next = 0;
  #seq = 0;
  #running: { context: WorkContext<Init>; seq: number } | null = null;
  #hasBegun = false;

  constructor(
    functions: Record<string, WorkFunction<Init>>,
    options: ServeOptions<Init, Data>,
  ) {
    this.#functions = new Map(Object.entries(functions));
    this.#options = options;
  }

  start(scope: Scope): void {
    this.#post = scope.postMessage.bind(scope);
    this.#close = scope.close.bind(scope);
    scope.onmessage = ({ data }) => this.#receive(data);
    // Caught here so that the runtime does not print a stack trace, and so that the owner hears of
    // it after the results that were sent before.
    scope.addEventListener("error", (event) => {
      event.preventDefault();
      this.#crash(event.error === undefined ? event.message : reasonOf(event.error));
    });
    scope.addEventListener("unhandledrejection", (event) => {
      event.preventDefault();
      this.#crash(`unhandled rejection: ${reasonOf(event.reason)}`);
    });
    // The runtime does not tell the owner when a Worker ends itself.
    scope.close = () => this.#crash("it closed itself");
    const { exit } = Deno;
    Deno.exit = (code) => {
      this.#crash(`it called exit(${code ?? ""})`);
      return exit(code);
    };
  }

  #receive(message: OwnerMessage): void {
    switch (message[0]) {
      case ToWorker.Init:
        [, this.#facts, this.#cell] = message;
        this.#setUp(message[3] as Data);
        return;
      case ToWorker.Run:
        // A message comes only when the one before is done, or was taken back.
        [, this.#seq, this.#items] = message;
        this.#next = 0;
        this.#hasBegun = false;
        return this.#runItems();
      case ToWorker.Message: {
        const [, seq, content] = message;
        if (this.#running?.seq === seq) this.#running.context.deliver(content);
      }
    }
  }

  async #setUp(init: Data): Promise<void> {
    try {
      const { setUp } = this.#options;
      this.#init = setUp ? await setUp(init, this.#facts, this.#print) : init as unknown as Init;
      this.#post([ToOwner.Ready]);
    } catch (error) {
      this.#crash(reasonOf(error));
    }
  }

  #crash(reason: string): void {
    this.#post([ToOwner.Crash, reason]);
    this.#close();
  }

  #runItems(): void {
    while (this.#next < this.#items.length) {
      const item = this.#items[this.#next++];
      const seq = this.#seq;
      const before = (seq - 1) | 0;
      this.#seq = (seq + 1) | 0;
      if (Atomics.compareExchange(this.#cell, 0, before, seq) !== before) break;
      this.#hasBegun = true;
      if (this.#runItem(seq, item)) return;
    }
    this.#items = [];
    this.#next = 0;
    if (!this.#hasBegun) this.#post([ToOwner.Dropped]);
  }

  /** Runs one item; `true` when it goes on after a promise. */
  #runItem(seq: number, [func, data, messages]: WireItem): boolean {
    const sinceMs = performance.now();
    const post = (message: unknown) => this.#post([ToOwner.Message, message]);
    const outlets = { post, print: this.#print };
    const context = new WorkContext(this.#init, this.#facts, outlets, messages ?? []);
    this.#running = { context, seq };
    try {
      const work = this.#functions.get(func);
      if (!work) throw new Error(`the Worker's entry serves no function of that name`);
      const result = work(data, context);
      if (!isThenable(result)) {
        this.#done(seq, sinceMs, result);
        return false;
      }
      // Only then can others run meanwhile: on this core, or behind this item.
      if (this.#facts.cpu !== null || this.#next < this.#items.length) this.#post([ToOwner.Sleep]);
      result.then(
        (result) => this.#done(seq, sinceMs, result),
        (error) => this.#failed(seq, sinceMs, error),
      ).then(() => this.#runItems());
      return true;
    } catch (error) {
      this.#failed(seq, sinceMs, error);
      return false;
    }
  }

  #done(seq: number, sinceMs: number, result: unknown): void {
    const busyUs = this.#end(sinceMs);
    try {
      this.#post([ToOwner.Done, seq, busyUs, result]);
    } catch (error) {
      const reason = `its result cannot be sent: ${reasonOf(error)}`;
      this.#post([ToOwner.Failed, seq, busyUs, reason]);
    }
  }

  #failed(seq: number, sinceMs: number, error: unknown): void {
    this.#post([ToOwner.Failed, seq, this.#end(sinceMs), reasonOf(error)]);
  }

  #end(sinceMs: number): number {
    this.#running!.context.end();
    this.#running = null;
    return (performance.now() - sinceMs) * 1000;
  }
}

function isThenable(value: unknown): value is Promise<unknown> {
  return typeof (value as Promise<unknown> | null)?.then === "function";
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
