/**
 * Draws `docs/architecture.svg` from `docs/architecture.dot`, with Graphviz: `deno task picture`.
 * The colours are variables of the SVG's own style sheet, light or dark as the reader's system asks.
 */
import { instance } from "@viz-js/viz";
import { ROOT } from "../shared/repository.ts";

const STYLE = `
:root { --paper: #ffffff; --box: #eef3fb; --line: #41506b; --text: #1b2330; --way: #c2410c; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #0d1117; --box: #1b2534; --line: #8b9bb8; --text: #e6edf3; --way: #fb923c; }
}
.graph > polygon { fill: var(--paper); }
svg { background: var(--paper); font-family: system-ui, "DejaVu Sans", sans-serif; }
text { fill: var(--text); }
.node path, .node polygon, .node ellipse { fill: var(--box); stroke: var(--line); }
.house path { fill: none; stroke-dasharray: 4 3; }
.words text { fill: var(--way); }
.edge path { fill: none; stroke: var(--line); }
.edge polygon { stroke: var(--line); fill: var(--line); }
.way path { stroke: var(--way); }
.way polygon { stroke: var(--way); fill: var(--way); }
.way text { fill: var(--way); }
`;

/** Draws the graph `dot`. @returns a whole SVG document */
export async function drawPicture(dot: string): Promise<string> {
  const svg = (await instance()).renderString(dot, { format: "svg" });
  return svg
    .replace(/^[\s\S]*?(?=<svg)/, "")
    // Without a fixed size the picture fits into whatever shows it.
    .replace(/<svg width="[^"]*" height="[^"]*"/, "<svg")
    .replace(/<!--[\s\S]*?-->\n?/g, "")
    .replace(/ (?:fill|stroke|font-family)="[^"]*"/g, "")
    .replace(/>\n/, `>\n<style>${STYLE}</style>\n`);
}

if (import.meta.main) {
  const dot = Deno.readTextFileSync(`${ROOT}/docs/architecture.dot`);
  Deno.writeTextFileSync(`${ROOT}/docs/architecture.svg`, await drawPicture(dot));
}
