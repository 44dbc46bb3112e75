/**
 * The Worker's side: a Worker's entry module calls {@linkcode runWork} once, with the functions
 * that items may name.
 */
import {
  type OwnerMessage,
  ToOwner,
  ToWorker,
  type WorkerFacts,
  type WorkerMessage,
} from "./messages.ts";
import { noteBlocked, reasonOf, WorkerEnd, type WorkFunction } from "./worker_end.ts";

export type { WorkContext, WorkFunction } from "./worker_end.ts";

/** A Worker's channels to its owner that do not belong to an item. */
export interface WorkerOutlets {
  /** Hands whole lines to the pools' `onPrint`. */
  print: (lines: string) => void;
  /** The other end of what the pools' option `connect` was given; `null` without it. */
  port: MessagePort | null;
  /** Reports that the Worker is about to sleep in a call, or has slept. */
  noteBlocked: (isBlocked: boolean) => void;
}

/** Options of {@linkcode runWork}. */
export interface RunWorkOptions<Init, Data> {
  /**
   * Turns the pools' `init` into the `context.init` of work functions; runs once, before the first
   * item. If it throws, the Worker counts as not started.
   */
  setUp?(init: Data, facts: WorkerFacts, outlets: WorkerOutlets): Init | Promise<Init>;
}

type InitMessage = Extract<OwnerMessage, [ToWorker.Init, ...unknown[]]>;

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
 * Serves work items with `functions`, by name, for the life of this Worker. The entry must call it
 * before its first top-level `await`.
 */
export function runWork<Init = unknown, Data = Init>(
  functions: Record<string, WorkFunction<Init>>,
  options: RunWorkOptions<Init, Data> = {},
): void {
  const scope = globalThis as unknown as Scope;
  const post = scope.postMessage.bind(scope);
  const close = scope.close.bind(scope);
  const end = new WorkerEnd(functions, { post, resume: runItems });

  function runItems(): void {
    while (end.canBegin) end.begin();
  }
  function crash(reason: string): void {
    end.crash(reason);
    close();
  }
  async function setUp(message: InitMessage): Promise<void> {
    const [, facts, cell, init, port] = message;
    try {
      const print = (lines: string) => post([ToOwner.Print, lines]);
      const outlets = {
        print,
        port,
        noteBlocked: (isBlocked: boolean) => noteBlocked(cell, isBlocked),
      };
      const made = options.setUp ? await options.setUp(init as Data, facts, outlets) : init as Init;
      end.ready(facts, cell, made, port);
    } catch (error) {
      crash(reasonOf(error));
    }
  }

  scope.onmessage = ({ data }) => {
    if (data[0] === ToWorker.Init) return void setUp(data);
    end.receive(data);
    runItems();
  };
  // Caught here so that the runtime does not print a stack trace, and so that the owner gets it
  // after the results that were sent before.
  scope.addEventListener("error", (event) => {
    event.preventDefault();
    crash(event.error === undefined ? event.message : reasonOf(event.error));
  });
  scope.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    crash(`unhandled rejection: ${reasonOf(event.reason)}`);
  });
  // The runtime does not tell the owner when a Worker ends itself.
  scope.close = () => crash("it closed itself");
  const { exit } = Deno;
  Deno.exit = (code) => {
    crash(`it called exit(${code ?? ""})`);
    return exit(code);
  };
}
