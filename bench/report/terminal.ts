/**
 * Text on a terminal that is drawn over again while something runs, on stderr. `log-update` is loaded
 * only to show it.
 */
import { stderr } from "../../system/stderr.ts";

/** A display. */
export interface Display {
  /** Columns and rows that there is room for now. */
  size(): Size;
  /** Draws `text` in place of what was drawn before. */
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

/** Signals that end a process that does nothing about them, and its exit code then. */
const FATAL: readonly [Deno.Signal, number][] = Deno.build.os === "windows"
  ? []
  : [["SIGTERM", 143], ["SIGHUP", 129]];

/**
 * Starts a display: a few lines below what was printed, or a screen of its own, which leaves what
 * stood there untouched whatever happens to the size of the window. Nothing is written before
 * something is shown. A screen is left when the process is told to end, too.
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
  // The cursor is hidden here: log-update would take signals over to show it again.
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
