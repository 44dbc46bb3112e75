/** The colours of the page, for what is drawn on a canvas. */
import { type ReadonlySignal, signal } from "@preact/signals";
import { isSystemDark } from "../store.ts";

/** Colours in CSS notation. */
export interface Palette {
  /** `--series-1` is at 1. */
  series: readonly string[];
  text: string;
  muted: string;
  line: string;
  raised: string;
  sunken: string;
  accent: string;
  bad: string;
  isDark: boolean;
}

/** The font of texts on a canvas. */
export const CANVAS_FONT = "12px system-ui, sans-serif";

function read(): Palette {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    series: Array.from({ length: 9 }, (_, i) => colour(i === 0 ? "text" : `series-${i}`)),
    text: colour("text"),
    muted: colour("muted"),
    line: colour("line"),
    raised: colour("raised"),
    sunken: colour("sunken"),
    accent: colour("accent"),
    bad: colour("bad"),
    isDark: style.colorScheme.includes("dark"),
  };
}

/** The colours of the theme that is shown; read only when it changes, because reading takes time. */
export const palette: ReadonlySignal<Palette> = (() => {
  const current = signal(read());
  const update = () => current.value = read();
  new MutationObserver(update).observe(document.documentElement, {
    attributeFilter: ["data-theme"],
  });
  isSystemDark.subscribe(update);
  return current;
})();
