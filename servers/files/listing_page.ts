/**
 * The fixed parts of a listing page: style, icons, script, and the policy that allows exactly
 * these. Nothing is loaded from elsewhere; without the script the page still lists, and sorts by
 * links.
 */
import { FOLDER_SHAPE, FRAME_STYLE, pagePolicy, svgUrl } from "./page.ts";

/** Icons as masks of 16 × 16 pixels, so that the style determines their colour. */
const SHAPES: Record<string, string> = {
  file: "M4 1h5l4 4v10H4zM9 1v4h4",
  txt: "M4 1h5l4 4v10H4zM9 1v4h4M6 8h5M6 10h5M6 12h3",
  src: "M5.5 4 1.5 8l4 4M10.5 4l4 4-4 4",
  img: "M2 3h12v10H2zM2 11l4-4 3 3 2-2 3 3M10.5 6h.01",
  vid: "M2 3h12v10H2zM6.5 6v4l3.5-2z",
  aud:
    "M6 12V3l7-1.5V11M6 12a2 1.6 0 1 1-4 0 2 1.6 0 1 1 4 0M13 11a2 1.6 0 1 1-4 0 2 1.6 0 1 1 4 0",
  zip: "M2 2h12v4H2zM3 6v8h10V6M6.5 9h3",
  up: "M8 14V3M3.5 7.5 8 3l4.5 4.5",
};

function outline(shape: string): string {
  return svgUrl(
    `<path d="${shape}" fill="none" stroke="#000" stroke-width="1.3" ` +
      `stroke-linecap="round" stroke-linejoin="round"/>`,
  );
}

const ICON_RULES = Object.entries(SHAPES)
  .map(([name, shape]) => `.${name}::before{--icon:url("${outline(shape)}")}`).join("\n");

/** The page's style sheet. */
export const PAGE_STYLE = `${FRAME_STYLE}h1 a{color:var(--link)}
.slash{color:var(--dim);padding:0 .3em}
.root{display:inline-block;min-width:.9em}
[aria-label="Root directory"]+.slash{display:none}
a{color:inherit;text-decoration:none}
a:hover bdi,h1 a:hover,a.up:hover,th a:hover{text-decoration:underline}
a:focus-visible,input:focus-visible{outline:2px solid var(--link);outline-offset:1px;border-radius:4px}
input{font:inherit;color:inherit;background:var(--bg);border:1px solid var(--line);border-radius:8px;
padding:.35rem .7rem;width:15rem;max-width:100%}
table{border-collapse:collapse;width:100%;table-layout:fixed}
th{position:sticky;top:0;background:var(--bg);font-size:.875rem;font-weight:500;color:var(--dim);text-align:left;
padding:0;box-shadow:inset 0 -1px var(--line)}
th a{display:block;padding:.5rem}
th.size{width:7rem}
th.date{width:11rem}
th.size,td:nth-child(2){text-align:right}
th[aria-sort] a{color:var(--fg);font-weight:600}
th[aria-sort] a::after{content:" \\2191"}
th[aria-sort=descending] a::after{content:" \\2193"}
td{border-bottom:1px solid var(--line);padding:0 .5rem;vertical-align:top}
td:nth-child(n+2){color:var(--dim);font-variant-numeric:tabular-nums;padding-top:.4rem;padding-bottom:.4rem;
white-space:nowrap;font-size:.9375rem}
td:nth-child(3),th.date a{padding-left:1.75rem}
tbody tr:hover{background:var(--hover)}
td>a,td>span{display:block;padding:.4rem 0 .4rem 1.75rem;overflow-wrap:anywhere;position:relative}
td:nth-child(3)>span{display:inline;padding:0}
td>a{color:var(--link)}
tr.dir td>a{font-weight:500}
td:first-child>span{color:var(--dim);cursor:help;font-style:italic}
td:first-child>::before{content:"";position:absolute;left:0;top:.55rem;width:1.2rem;height:1.2rem;
background:var(--icon-fg);-webkit-mask:var(--icon) center/contain no-repeat;mask:var(--icon) center/contain no-repeat}
.dir::before{--icon:url("${svgUrl(`<path d="${FOLDER_SHAPE}"/>`)}")}
td:first-child>.dir::before{background:var(--folder)}
${ICON_RULES}
[hidden]{display:none!important}
@media (max-width:38rem){
input{width:100%;font-size:1rem}
th a,td{padding-left:.25rem;padding-right:.25rem}
th.size{width:5rem}
th.date{width:6.25rem}
td:nth-child(3),th.date a{padding-left:.75rem}
td:nth-child(n+2){font-size:.8125rem;padding-top:.7rem}
td:nth-child(3)>span{display:none}
td>a,td>span{padding-top:.5rem;padding-bottom:.5rem}
td:first-child>::before{top:.65rem}
}
`;

/** Filters and sorts in place; the order is kept in the URL, for reloads and sharing. */
export const PAGE_SCRIPT = `"use strict";
(() => {
  const body = document.querySelector("tbody");
  const filter = document.getElementById("filter");
  const count = document.getElementById("count");
  const none = document.getElementById("none");
  const all = count.textContent;
  const rows = [...body.rows].filter((row) => row.className !== "up").map((row) => {
    const [name, size, date] = row.cells;
    const text = name.querySelector("bdi").textContent;
    return { row, text, folded: text.toLowerCase(), dir: row.className === "dir",
      size: Number(size.dataset.n), date: Number(date.dataset.n) };
  });
  const collator = new Intl.Collator(undefined, { numeric: true });
  const byName = (a, b) => collator.compare(a.text, b.text);
  const orders = { name: () => 0, size: (a, b) => a.size - b.size, date: (a, b) => a.date - b.date };

  for (const link of document.querySelectorAll("th a")) {
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      const heading = link.parentElement;
      const descending = heading.getAttribute("aria-sort") === "ascending";
      const sign = descending ? -1 : 1;
      const order = orders[link.dataset.key];
      rows.sort((a, b) => b.dir - a.dir || sign * (order(a, b) || byName(a, b)));
      body.append(...fragment(rows));
      for (const other of document.querySelectorAll("th")) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
      history.replaceState(null, "",
        "?sort=" + link.dataset.key + "&order=" + (descending ? "desc" : "asc"));
    });
  }

  function fragment(sorted) {
    const moved = document.createDocumentFragment();
    for (const { row } of sorted) moved.append(row);
    return [moved];
  }

  function apply() {
    const wanted = filter.value.trim().toLowerCase();
    let shown = 0;
    for (const { row, folded } of rows) {
      const matches = folded.includes(wanted);
      row.hidden = !matches;
      if (matches) shown++;
    }
    none.hidden = shown > 0 || rows.length === 0;
    count.textContent = wanted === "" ? all : shown.toLocaleString("en") + " of " +
      rows.length.toLocaleString("en") + " shown";
  }

  filter.hidden = rows.length === 0;
  let pending = 0;
  filter.addEventListener("input", () => {
    cancelAnimationFrame(pending);
    pending = requestAnimationFrame(apply);
  });
  if (filter.value !== "") apply();
  addEventListener("keydown", (event) => {
    if (event.key === "/" && event.target !== filter && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      filter.focus();
    }
    if (event.key === "Escape" && event.target === filter) {
      filter.value = "";
      apply();
    }
  });
})();
`;

/** The SHA-256 of both, as `FRAME_STYLE_HASH` is. */
export const PAGE_STYLE_HASH = "2ukqciNcPKnZnt3R7ppMetCXr+LlsCDMoTqfO4brZ5E=";
export const PAGE_SCRIPT_HASH = "TPgJyT5V0RJCYd0gh7euh4oPmG2ZZFIv1vCymn/1voU=";

/** Content-Security-Policy of the page. */
export const PAGE_POLICY = pagePolicy({ style: PAGE_STYLE_HASH, script: PAGE_SCRIPT_HASH });
