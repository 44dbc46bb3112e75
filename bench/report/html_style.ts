/** The style of the report: light and dark as the reader's system asks, from phones to desktops. */
import { themeColours } from "./html_svg.ts";

/** The style sheet. */
export function reportStyle(): string {
  return `
:root { color-scheme: light dark; ${declarations("light")} --link: #0b57d0; --band: #f3f5f8; }
@media (prefers-color-scheme: dark) {
  :root { ${declarations("dark")} --link: #8ab4ff; --band: #1a2028; }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1rem; max-width: 72rem; background: var(--paper); color: var(--text);
  font: 1rem/1.5 system-ui, "DejaVu Sans", sans-serif; overflow-wrap: break-word;
}
a { color: var(--link); }
h1, h2, h3 { line-height: 1.2; }
h1 { margin: 0.5rem 0; }
h2 { margin: 3rem 0 0.5rem; padding-top: 0.75rem; border-top: 3px solid var(--series-0); }
h3 { margin: 1.5rem 0 0.5rem; font-size: 1.05rem; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1rem; margin: 0.5rem 0; padding: 0; list-style: none; }
nav a { display: inline-block; padding: 0.25rem 0; }
.question { font-size: 1.15rem; margin: 0.25rem 0 1rem; }
.small, caption { color: var(--muted); font-size: 0.9rem; }
.conclusion { margin: 0; padding: 0.75rem 1rem 0.75rem 2rem; background: var(--band); border-radius: 0.4rem; }
li { margin: 0.25rem 0; }
.scroll { overflow-x: auto; margin: 0.75rem 0; }
.scroll:focus-visible, a:focus-visible, summary:focus-visible { outline: 3px solid var(--series-0); outline-offset: 2px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: 0.25rem; }
th, td { padding: 0.3rem 0.7rem; border-bottom: 1px solid var(--grid); text-align: right; white-space: nowrap; }
th { font-weight: 600; }
thead th { white-space: normal; overflow-wrap: normal; vertical-align: bottom; }
tbody th { vertical-align: top; }
td:first-child, th:first-child { padding-left: 0; }
tr > :first-child { text-align: left; position: sticky; left: 0; background: var(--paper); }
td { vertical-align: top; }
.range { display: block; color: var(--muted); font-size: 0.8rem; }
.words th, .words td { text-align: left; white-space: normal; vertical-align: top; min-width: 8rem; }
pre { margin: 0; padding: 0.6rem 0.8rem; background: var(--band); border-radius: 0.4rem; font-size: 0.85rem; line-height: 1.35; width: max-content; min-width: 100%; }
summary { cursor: pointer; padding: 0.25rem 0; font-weight: 600; }
details[open] { padding-bottom: 0.5rem; border-bottom: 1px solid var(--grid); }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); gap: 1rem; }
figure { margin: 0; padding: 0.75rem; border: 1px solid var(--grid); border-radius: 0.4rem; }
figcaption { font-weight: 600; margin-bottom: 0.25rem; }
svg { display: block; width: 100%; height: auto; }
svg.narrow { display: none; }
@media (max-width: 40rem) {
  svg.narrow { display: block; }
  svg.wide { display: none; }
  figure { padding: 0.5rem; }
  body { padding: 0.75rem; }
  tr > :first-child { white-space: normal; min-width: 7rem; max-width: 9rem; }
}
@media print { body { max-width: none; } section { break-before: page; } }
`.trim();
}

function declarations(theme: "light" | "dark"): string {
  return Object.entries(themeColours(theme)).map(([name, colour]) => `${name}: ${colour};`)
    .join(" ");
}
