/** Writes a directory listing as a page or as JSON, piece by piece. Pure. */
import { formatBytes, formatCount } from "../../system/units.ts";
import type { Entry } from "./entry_pack.ts";
import type { ListingFormat, ListingSort, SortKey } from "./listing_order.ts";
import { PAGE_POLICY, PAGE_SCRIPT, PAGE_STYLE } from "./listing_page.ts";
import { htmlText, pageHead } from "./page.ts";
import { encodeSegment } from "./resolve.ts";

/** The entries to list, and their order. */
export interface Listing {
  /** Decoded names from the root down to the directory. */
  segments: readonly string[];
  /** Sorted as `sort` says. */
  entries: Iterable<Entry>;
  sort: ListingSort;
}

/** Response fields of each format. */
export const LISTING_FIELDS: Record<ListingFormat, [string, string][]> = {
  html: [
    ["Content-Type", "text/html; charset=utf-8"],
    ["Content-Security-Policy", PAGE_POLICY],
  ],
  json: [["Content-Type", "application/json; charset=utf-8"]],
};

/** Characters gathered before a piece is yielded: few writes, little memory. */
const PIECE_CHARS = 16 * 1024;

/**
 * Writes a listing in pieces of about 16 Ki characters. The first piece is the text before the
 * entries; the entries are not read before the second. White space may be inserted between two
 * pieces.
 */
export function* writeListing(
  listing: Listing,
  format: ListingFormat,
): Generator<string, undefined> {
  const texts = format === "json" ? writeJson(listing) : writePage(listing);
  yield texts.next().value!;
  let piece = "";
  for (const text of texts) {
    piece += text;
    if (piece.length < PIECE_CHARS) continue;
    yield piece;
    piece = "";
  }
  if (piece !== "") yield piece;
}

/**
 * `{"path","entries":[{"name","type","size","modified","url"}]}`: size in bytes and null for
 * directories, modified in ISO 8601, url relative to the directory, or null where no URL can name
 * the entry.
 */
function* writeJson({ segments, entries }: Listing): Generator<string, undefined> {
  yield `{"path":${JSON.stringify(`/${segments.map((name) => name + "/").join("")}`)},"entries":[`;
  let separator = "\n";
  for (const entry of entries) {
    const isFile = entry.kind === "file";
    yield separator + JSON.stringify({
      name: entry.name,
      type: entry.kind,
      size: isFile && entry.linked ? entry.size : null,
      modified: entry.mtimeMs > 0 ? new Date(entry.mtimeMs).toISOString() : null,
      url: entry.linked ? reference(entry) : null,
    });
    separator = ",\n";
  }
  yield "\n]}\n";
}

function* writePage({ segments, entries, sort }: Listing): Generator<string, undefined> {
  const title = `Index of /${segments.map((name) => name + "/").join("")}`;
  yield `${pageHead(title, PAGE_STYLE)}<body>
<header>
<h1><nav aria-label="Breadcrumbs">${breadcrumbs(segments)}</nav></h1>
<input id="filter" type="search" placeholder="Filter" aria-label="Filter by name" autocomplete="off" spellcheck="false" hidden>
</header>
<main>
<table>
<thead><tr>${heading("name", "Name", sort)}${heading("size", "Size", sort)}${
    heading("date", "Modified", sort)
  }</tr></thead>
<tbody>
${segments.length > 0 ? PARENT_ROW : ""}`;
  const totals = { directories: 0, files: 0, bytes: 0 };
  for (const entry of entries) {
    ++totals[entry.kind === "directory" ? "directories" : "files"];
    totals.bytes += entry.size;
    yield row(entry);
  }
  const isEmpty = totals.directories + totals.files === 0;
  yield `</tbody>
</table>
<p id="none" hidden>No name matches.</p>
${isEmpty ? "<p>This directory is empty.</p>\n" : ""}</main>
<footer><span id="count" aria-live="polite">${
    summary(totals)
  }</span><span>Times in UTC · ktcp</span></footer>
<script>${PAGE_SCRIPT}</script>
</body>
</html>
`;
}

const PARENT_ROW =
  `<tr class="up"><td><a class="up" href="../">Parent directory</a></td><td></td><td></td></tr>\n`;

/** Links are relative, so that the page also works behind a proxy that adds a prefix. */
function breadcrumbs(segments: readonly string[]): string {
  const names = ["root", ...segments];
  return names.map((name, index) => {
    const up = names.length - 1 - index;
    const text = index === 0 ? `<span class="root">/</span>` : `<bdi>${htmlText(name)}</bdi>`;
    const label = index === 0 ? ` aria-label="Root directory"` : "";
    return up === 0
      ? `<span aria-current="page"${label}>${text}</span>`
      : `<a href="${"../".repeat(up)}"${label}>${text}</a>`;
  }).join(`<span class="slash" aria-hidden="true">/</span>`);
}

/**
 * A column's heading: a link that sorts by it, or reverses the order if it is sorted by it already.
 */
function heading(key: SortKey, text: string, sort: ListingSort): string {
  const isCurrent = sort.key === key;
  const next = isCurrent && !sort.descending ? "desc" : "asc";
  const state = isCurrent ? ` aria-sort="${sort.descending ? "descending" : "ascending"}"` : "";
  return `<th class="${key}" scope="col"${state}>` +
    `<a href="?sort=${key}&amp;order=${next}" data-key="${key}">${text}</a></th>`;
}

function row(entry: Entry): string {
  const isDirectory = entry.kind === "directory";
  const icon = isDirectory ? "dir" : iconOf(entry.name);
  const name = `<bdi>${htmlText(entry.name)}</bdi>${isDirectory ? "/" : ""}`;
  const label = entry.linked
    ? `<a class="${icon}" href="${reference(entry)}">${name}</a>`
    : `<span class="${icon}" title="No URL can name this file">${name}</span>`;
  const size = isDirectory || !entry.linked ? "" : formatBytes(entry.size);
  const exact = size === "" ? "" : ` title="${entry.size} bytes"`;
  const date = entry.mtimeMs > 0 ? new Date(entry.mtimeMs).toISOString() : "";
  return `<tr${isDirectory ? ' class="dir"' : ""}><td>${label}</td>` +
    `<td data-n="${entry.size}"${exact}>${size}</td>` +
    `<td data-n="${Math.trunc(entry.mtimeMs)}">${date.slice(0, 10)} <span>${
      date.slice(11, 16)
    }</span></td></tr>\n`;
}

/**
 * A relative URL. Every reserved character is escaped, so that a colon cannot be read as a
 * scheme's.
 */
function reference(entry: Entry): string {
  return encodeSegment(entry.name) + (entry.kind === "directory" ? "/" : "");
}

/** Totals of a listing. */
interface Totals {
  directories: number;
  files: number;
  bytes: number;
}

function summary({ directories, files, bytes }: Totals): string {
  const count = (n: number, one: string, many: string) =>
    `${formatCount(n)} ${n === 1 ? one : many}`;
  return [
    ...directories > 0 ? [count(directories, "folder", "folders")] : [],
    ...files > 0 ? [count(files, "file", "files"), formatBytes(bytes)] : [],
  ].join(", ");
}

const ICONS: readonly [icon: string, extensions: RegExp][] = [
  ["img", /\.(?:avif|bmp|gif|heic|ico|jpe?g|jxl|png|svg|tiff?|webp)$/i],
  ["vid", /\.(?:avi|m4v|mkv|mov|mp4|mpe?g|ogv|webm)$/i],
  ["aud", /\.(?:aac|flac|m4a|mid|mp3|oga|ogg|opus|wav)$/i],
  ["zip", /\.(?:7z|br|bz2|deb|gz|iso|jar|rar|rpm|tar|tgz|xz|zip|zst)$/i],
  [
    "src",
    /\.(?:c|cc|cpp|css|go|h|hpp|html?|java|jsx?|json|m?ts|mjs|php|py|rb|rs|sh|sql|tsx?|toml|wasm|xml|ya?ml)$/i,
  ],
  ["txt", /(?:\.(?:csv|docx?|epub|log|md|odt|pdf|rtf|tex|txt)|^[A-Z]+)$/],
];

function iconOf(name: string): string {
  return ICONS.find(([, extensions]) => extensions.test(name))?.[0] ?? "file";
}
