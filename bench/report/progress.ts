/** A progress line on stderr. */
import { barLine } from "./terminal_plot.ts";
import { startDisplay } from "./terminal.ts";

/** The state to show. */
export interface ProgressState {
  /** Steps done, of the total. */
  done: number;
  /** What else to say, such as what comes next. */
  note: string;
}

/** A progress display. */
export interface Progress {
  update(state: ProgressState): void;
  /** Removes the display; call it before anything is printed. */
  stop(): void;
}

const SILENT: Progress = { update() {}, stop() {} };

/** Columns of the bar. */
const BAR = 20;

/**
 * Starts a display of `total` steps.
 *
 * @param isShown false if there is no terminal; nothing is loaded or drawn then
 */
export async function startProgress(total: number, isShown: boolean): Promise<Progress> {
  if (!isShown) return SILENT;
  const display = await startDisplay("lines");
  const startMs = performance.now();
  return {
    update: ({ done, note }) => {
      const share = Math.min(1, done / total);
      const leftMs = share > 0 ? (performance.now() - startMs) * (1 / share - 1) : NaN;
      const line = `${progressBar(share, BAR)}  ${timeLeft(leftMs)}  ${note}`;
      display.show(line.slice(0, display.size().columns - 1));
    },
    stop: () => display.stop(),
  };
}

/** `██████░░░░  60%`: a bar of `width` columns for `share` (0…1). */
export function progressBar(share: number, width: number): string {
  return `${barLine(share, width).padEnd(width, "░")} ${
    String(Math.floor(100 * share)).padStart(3)
  }%`;
}

/** `12 s left`, `3 min left`; empty if unknown. */
export function timeLeft(ms: number): string {
  if (!Number.isFinite(ms)) return "";
  const seconds = Math.ceil(Math.max(0, ms) / 1000);
  if (seconds < 100) return `${seconds} s left`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 100 ? `${minutes} min left` : `${Math.ceil(minutes / 60)} h left`;
}
