/**
 * What all pages of the server have in common: style, icon, and the policy that allows exactly
 * their own parts. Nothing is loaded from elsewhere.
 */
// @ts-types="@types/escape-html"
import escapeHtml from "escape-html";

/** The outline of a folder, 16 × 16. */
export const FOLDER_SHAPE =
  "M1.5 3A1.5 1.5 0 0 1 3 1.5h3.3L8 3.5h5A1.5 1.5 0 0 1 14.5 5v7.5A1.5 1.5 0 0 1 13 14H3" +
  "a1.5 1.5 0 0 1-1.5-1.5z";

/** A picture of 16 × 16 as a URL. */
export function svgUrl(content: string): string {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">${content}</svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg).replace(/'/g, "%27")}`;
}

/** The icon in the browser's tab; without it browsers would ask for /favicon.ico. */
export const PAGE_ICON = svgUrl(`<path d="${FOLDER_SHAPE}" fill="#4c8bf5"/>`);

/** The style of a page's frame. */
export const FRAME_STYLE = `
:root{color-scheme:light dark;--bg:#fff;--fg:#1d2129;--dim:#626a76;--line:#e4e7eb;--hover:#f3f6fa;
--link:#0b57c2;--folder:#3f7fe0;--icon-fg:#7b8490}
@media (prefers-color-scheme:dark){:root{--bg:#15181d;--fg:#e3e6ea;--dim:#98a1ad;--line:#2b3038;
--hover:#1e232a;--link:#86b4ff;--folder:#6ea3f7;--icon-fg:#8b95a3}}
*{box-sizing:border-box}
html{background:var(--bg);color:var(--fg);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;
-webkit-text-size-adjust:100%}
body{margin:0 auto;max-width:62rem;padding:1.5rem 1.25rem 2rem}
header{display:flex;flex-wrap:wrap;gap:.75rem 1.5rem;align-items:center;justify-content:space-between;
margin:0 .5rem 1rem}
h1{font-size:1.25rem;font-weight:600;line-height:1.4;margin:0;min-width:0;overflow-wrap:anywhere}
main p{color:var(--dim);padding:1rem .5rem;margin:0}
footer{display:flex;flex-wrap:wrap;justify-content:space-between;gap:.25rem 1.5rem;color:var(--dim);
font-size:.875rem;padding:1rem .5rem 0}
@media (max-width:38rem){
body{padding:1rem .5rem 1.5rem}
header{margin:0 .25rem .5rem}
}
`;

/**
 * The SHA-256 of {@linkcode FRAME_STYLE}, which a test holds to it: to hash at the start would load
 * `node:crypto`.
 */
export const FRAME_STYLE_HASH = "mlmHimAjVt09H1EBSphS75ZNNzDpOcX7GX1jQJIN4Vk=";

/**
 * The Content-Security-Policy of a page: its own style and script by SHA-256 in base64, icons as data,
 * nothing else.
 */
export function pagePolicy({ style, script }: { style: string; script?: string }): string {
  return [
    "default-src 'none'",
    `style-src 'sha256-${style}'`,
    ...script === undefined ? [] : [`script-src 'sha256-${script}'`],
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
  ].join("; ");
}

/** The head of a page. */
export function pageHead(title: string, style: string): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${htmlText(title)}</title>
<link rel="icon" href="${htmlText(PAGE_ICON)}">
<style>${style}</style>
</head>
`;
}

/**
 * Escapes text for HTML content and quoted attributes; control characters become their Unicode
 * pictures.
 */
export function htmlText(text: string): string {
  return escapeHtml(text.replace(/\p{Cc}/gu, (char) => {
    const code = char.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return code === 0x7f ? "\u2421" : "\ufffd";
  }));
}
