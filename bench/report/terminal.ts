/**
 * Text on a terminal that is redrawn while something runs, on stderr. `log-update` is loaded only
 * to show it.
 */
import { stderr } from "../../system/stderr.ts";

/** A display. */
export interface Display {
  /** Present size, in columns and rows. */
  size(): Size;
  /** Draws `text` in place of the previous text. */
  show(text: string): void;
  /** Removes it; call it before anything is printed. */
  stop(): void;
}

/** The size of a terminal. */
export interface Size {
  columns: number;
  rows: number;
}

const ENTER_SCREEN = "\x1b[?1049h\x1b[2J\x1b[H";
const LEAVE_SCREEN = "\x1b[?1049l";
const CLEAR_SCREEN = "\x1b[2J\x1b[H";
const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";

/** Signals that end a process by default, and the exit code after each. */
const FATAL: readonly [Deno.Signal, number][] = Deno.build.os === "windows"
  ? []
  : [["SIGTERM", 143], ["SIGHUP", 129]];

/**
 * Starts a display: a few lines below the previous output, or the alternate screen, which preserves
 * the previous output even if the window is resized. Nothing is written before the first `show`.
 * The alternate screen is also left when a signal ends the process.
 */
export async function startDisplay(kind: "lines" | "screen"): Promise<Display> {
  const { createLogUpdate } = await import("log-update");
  const isScreen = kind === "screen";
  const write = (text: string) => stderr.write(new TextEncoder().encode(text));
  let last = terminalSize();
  const stream = {
    isTTY: true,
    get columns() {
      return last.columns;
    },
    get rows() {
      return last.rows;
    },
    write,
  };
  // The cursor is hidden here, because log-update would install signal handlers to show it again.
  const update = createLogUpdate(stream as unknown as Parameters<typeof createLogUpdate>[0], {
    showCursor: true,
  });
  const listeners = FATAL.map(([signal, code]) => [signal, () => Deno.exit(code)] as const);
  let state: "new" | "shown" | "stopped" = "new";
  const begin = () => {
    state = "shown";
    write((isScreen ? ENTER_SCREEN : "") + HIDE_CURSOR);
    globalThis.addEventListener("unload", stop);
    if (!isScreen) return;
    for (const [signal, listener] of listeners) Deno.addSignalListener(signal, listener);
  };
  const stop = () => {
    if (state === "shown") {
      update.clear();
      write(SHOW_CURSOR + (isScreen ? LEAVE_SCREEN : ""));
      globalThis.removeEventListener("unload", stop);
      if (isScreen) {
        for (const [signal, listener] of listeners) Deno.removeSignalListener(signal, listener);
      }
    }
    state = "stopped";
  };
  return {
    size: terminalSize,
    show(text) {
      if (state === "stopped") return;
      if (state === "new") begin();
      const size = terminalSize();
      if (isScreen && (size.columns !== last.columns || size.rows !== last.rows)) {
        update.done();
        write(CLEAR_SCREEN);
      }
      last = size;
      update(text);
    },
    stop,
  };
}

/** The size of the terminal, whichever of stdin, stdout and stderr it is. */
export function terminalSize(): Size {
  try {
    return Deno.consoleSize();
  } catch {
    return { columns: 80, rows: 24 };
  }
}
