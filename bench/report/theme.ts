/** Colours and font of the plots, for light and dark backgrounds. */

/** The background that a plot is drawn for. */
export type ThemeName = "light" | "dark";

/** Colours of a plot. Adjacent colours have a contrast of at least 3:1, text of at least 4.5:1. */
export interface Theme {
  background: string;
  text: string;
  /** Axis names and labels. */
  muted: string;
  grid: string;
  axis: string;
  /** Colours of series, in order; distinguishable with any kind of colour vision. */
  series: string[];
  /** Colours from few to many. */
  heat: string[];
}

export const THEMES: Record<ThemeName, Theme> = {
  light: {
    background: "#ffffff",
    text: "#1b1f24",
    muted: "#57606a",
    grid: "#e4e7eb",
    axis: "#8c959f",
    series: ["#0b63c5", "#c2410c", "#0f766e", "#9333a8", "#6b7280"],
    heat: ["#c6dbef", "#7fb3d8", "#3f86be", "#125a9c", "#06264f"],
  },
  dark: {
    background: "#12161c",
    text: "#e6edf3",
    muted: "#a3adb8",
    grid: "#2a313a",
    axis: "#6b7682",
    series: ["#6cb2ff", "#ff9a5c", "#4fd1b5", "#d79bf0", "#aab4bf"],
    heat: ["#1f3a57", "#2b6593", "#4a95c9", "#8cc5ec", "#e3f3ff"],
  },
};

/** Phases of a request, which have the same colour in every plot: their index into `series`. */
const PHASES: Record<string, number> = { connect: 0, echo: 1, latency: 1, ttfb: 2 };

/** The colour of the series `name`, which is number `index` of its chart. */
export function seriesColour(name: string, index: number, theme: ThemeName): string {
  const { series } = THEMES[theme];
  return series[(PHASES[name] ?? index) % series.length];
}

/** Font of all text; `png.ts` draws it in DejaVu Sans. */
export const FONT_FAMILY = "system-ui, 'DejaVu Sans', sans-serif";
