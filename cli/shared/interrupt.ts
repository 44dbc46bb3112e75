/** Signals by which a command is told to stop: the first asks it to, a second one ends it at once. */
import { isHangupIgnored } from "../../system/linux/signals.ts";

/** A person's wish to stop. */
export interface Interrupt {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /** Resolves at the first signal. */
  readonly asked: Promise<void>;
  /** Gives the signals their usual effect back. */
  dispose(): void;
}

/** Signals that stop a command which other programs start and stop, such as a server. */
export const STOP_SIGNALS: readonly Deno.Signal[] = ["SIGINT", "SIGTERM", "SIGHUP"];

/** The same Ctrl-C may come twice: `deno task` forwards what the terminal sent to the group. */
const DUPLICATE_MS = 200;

/** Exit code of a command that Ctrl-C ended: 128 + SIGINT. */
const INTERRUPTED = 130;

/**
 * Takes `signals` over, by default Ctrl-C alone. Under nohup(1), SIGHUP is still ignored.
 *
 * @param exitCode of the process that a second signal ends
 */
export function onInterrupt(
  signals: readonly Deno.Signal[] = ["SIGINT"],
  exitCode = INTERRUPTED,
): Interrupt {
  const controller = new AbortController();
  const asked = Promise.withResolvers<void>();
  let firstMs = 0;
  const listener = () => {
    if (!controller.signal.aborted) {
      firstMs = performance.now();
      controller.abort();
      asked.resolve();
    } else if (performance.now() - firstMs > DUPLICATE_MS) Deno.exit(exitCode);
  };
  const ignore = () => {};
  const listeners = signals.map((signal) =>
    [signal, signal === "SIGHUP" && isHangupIgnored() ? ignore : listener] as const
  );
  for (const [signal, listener] of listeners) Deno.addSignalListener(signal, listener);
  return {
    signal: controller.signal,
    asked: asked.promise,
    dispose: () => listeners.forEach((each) => Deno.removeSignalListener(...each)),
  };
}
