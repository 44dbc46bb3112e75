/** The progress display of a running load, on stderr. `cli-progress` is loaded only to show it. */

/** What there is to show while a load runs. */
export interface ProgressState {
  /** Requests, messages or milliseconds done, of the total. */
  done: number;
  /** What else to say, such as `12,034/s p50 87 µs p99 1.2 ms errors 0`. */
  note: string;
}

/** A progress display. */
export interface Progress {
  update(state: ProgressState): void;
  /** Removes the display; call it before anything is printed. */
  stop(): void;
}

const SILENT: Progress = { update() {}, stop() {} };

/**
 * Starts a display of `total` steps.
 *
 * @param isShown false where there is no terminal: nothing is loaded or drawn then
 */
export async function startProgress(total: number, isShown: boolean): Promise<Progress> {
  if (!isShown) return SILENT;
  const { default: progress } = await import("cli-progress");
  const bar = new progress.SingleBar({
    format: "{bar} {percentage}% {eta_formatted} left  {note}",
    barCompleteChar: "█",
    barIncompleteChar: "░",
    barsize: 24,
    hideCursor: true,
    clearOnComplete: true,
    linewrap: false,
    fps: 5,
  });
  bar.start(total, 0, { note: "" });
  return {
    update: ({ done, note }) => bar.update(Math.min(done, total), { note }),
    stop: () => bar.stop(),
  };
}
