/** Ctrl-C in a client: the first asks for the partial result, a second one ends at once. */

/** A person's wish to stop. */
export interface Interrupt {
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal;
  /** Gives Ctrl-C its usual effect back. */
  dispose(): void;
}

/** The same Ctrl-C may come twice: `deno task` forwards what the terminal sent to the group. */
const DUPLICATE_MS = 200;

/** Exit code of a command that Ctrl-C ended: 128 + SIGINT. */
const INTERRUPTED = 130;

/** Takes Ctrl-C (SIGINT) over. */
export function onInterrupt(): Interrupt {
  const controller = new AbortController();
  let firstMs = 0;
  const listener = () => {
    if (!controller.signal.aborted) {
      firstMs = performance.now();
      controller.abort();
    } else if (performance.now() - firstMs > DUPLICATE_MS) Deno.exit(INTERRUPTED);
  };
  Deno.addSignalListener("SIGINT", listener);
  return {
    signal: controller.signal,
    dispose: () => Deno.removeSignalListener("SIGINT", listener),
  };
}
