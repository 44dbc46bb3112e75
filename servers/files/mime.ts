/** Media types by name. Pure. */
import { MIME_TYPES } from "./mime_types.ts";

const OCTET_STREAM = "application/octet-stream";
const TEXT_PLAIN = "text/plain; charset=utf-8";

/** Text that is not `text/*` and for which the database gives no charset. */
const UTF8_APPLICATION_TYPES = new Set([
  "application/ecmascript",
  "application/javascript",
  "application/manifest+json",
  "application/xml",
  "image/svg+xml",
  "text/javascript",
]);

/** Types that the database lacks. */
const ADDED = new Map([["zst", "application/zstd"]]);

/**
 * Source code and configuration files, sent as plain text: people open them to read, but browsers
 * offer to save their registered types (`text/markdown`, `application/toml`).
 */
const SOURCE = new Set(
  ("adoc asm awk bash bat bib c cc cfg cjs clj cmake conf cpp cs cts cxx d dart diff dockerfile ex exs " +
    "erl fish fs go gradle graphql h hh hpp hs hxx ini ipynb java jl jsx kt kts lhs lock log lua m4 " +
    "markdown md mdx mk ml mm nim nix patch php pl pm proto ps1 py pyi r rb rs rst s sass scala scss " +
    "sh sql styl svelte swift tcl tex tf toml tsx v vhdl vim vue yaml yml zig zsh").split(" "),
);

/** Extensions of source code that also stand for a binary type, which is given here. */
const PERHAPS_TEXT = new Map([
  ["ts", "video/mp2t"],
  ["mts", "video/mp2t"],
]);

/** Files without a telling extension for which clients require a type. */
const NAMES = new Map([["apple-app-site-association", "application/json"]]);

/** The type of an extension as the table has it. */
interface Registered {
  type: string;
  isUtf8: boolean;
}

let registered: Map<string, Registered> | undefined;

/** The table, which is taken apart when it is first needed: few starts wait for it. */
function registeredTypes(): Map<string, Registered> {
  if (registered !== undefined) return registered;
  registered = new Map();
  for (const line of MIME_TYPES.trim().split("\n")) {
    const [marked, ...extensions] = line.split(" ");
    const isUtf8 = marked.endsWith("*");
    const type = isUtf8 ? marked.slice(0, -1) : marked;
    for (const extension of extensions) registered.set(extension, { type, isUtf8 });
  }
  return registered;
}

const cache = new Map<string, string>();

/**
 * What follows the last dot, in lower case; empty if there is no dot, and for names like
 * `.profile`.
 */
function extensionOf(name: string): string {
  const base = name.slice(name.lastIndexOf("/") + 1);
  const dot = base.lastIndexOf(".");
  const extension = base.slice(dot + 1).toLowerCase();
  return dot < 0 || dot === 0 && typeOf(extension) === OCTET_STREAM ? "" : extension;
}

/**
 * Whether the type of the file `name` depends on its content: it has no extension, or an ambiguous
 * one.
 */
export function isTypedByContent(name: string): boolean {
  const extension = extensionOf(name);
  return extension === "" || PERHAPS_TEXT.has(extension);
}

/** Whether `name` has an extension with a known media type: that of a page's part or a download. */
export function hasKnownType(name: string): boolean {
  const extension = extensionOf(name);
  return extension !== "" && (PERHAPS_TEXT.has(extension) || typeOf(extension) !== OCTET_STREAM);
}

/**
 * The Content-Type of a file, with `; charset=utf-8` for text.
 *
 * @param content.isText whether the content is text; used for names that {@linkcode
 * isTypedByContent}
 */
export function contentType(name: string, { isText = false }: { isText?: boolean } = {}): string {
  const extension = extensionOf(name);
  if (extension !== "" && !PERHAPS_TEXT.has(extension)) return typeOf(extension);
  const named = NAMES.get(name.slice(name.lastIndexOf("/") + 1));
  if (named !== undefined) return named;
  return isText ? TEXT_PLAIN : PERHAPS_TEXT.get(extension) ?? OCTET_STREAM;
}

function typeOf(extension: string): string {
  const known = cache.get(extension);
  if (known !== undefined) return known;
  const entry = registeredTypes().get(extension);
  const type = SOURCE.has(extension)
    ? "text/plain"
    : ADDED.get(extension) ?? entry?.type ?? OCTET_STREAM;
  const isText = type.startsWith("text/") || UTF8_APPLICATION_TYPES.has(type) ||
    type === entry?.type && entry.isUtf8;
  const full = isText ? `${type}; charset=utf-8` : type;
  // Unknown extensions are not cached: there is no bound on them.
  if (type !== OCTET_STREAM) cache.set(extension, full);
  return full;
}

/**
 * Control characters that text does not contain: all but those that move a cursor, and ESC, which
 * colours logs.
 */
// deno-lint-ignore no-control-regex
const NO_TEXT = /[\x00-\x07\x0e-\x1a\x1c-\x1f]/;

/**
 * Whether `bytes` are text in UTF-8.
 *
 * @param isWhole false for the beginning of a file, which may end within a character
 */
export function isUtf8Text(bytes: Uint8Array, { isWhole }: { isWhole: boolean }): boolean {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: !isWhole });
    return !NO_TEXT.test(text);
  } catch {
    return false;
  }
}

const COMPRESSIBLE =
  /^(?:text\/|application\/(?:.*\+)?(?:json|xml|javascript|ecmascript|yaml|toml|wasm|graphql|rtf|x-sh|x-ndjson|manifest\+json|vnd\.ms-fontobject|x-font-ttf)$|font\/(?:ttf|otf|collection)$|image\/(?:svg\+xml|bmp|x-icon|vnd\.microsoft\.icon)$|[^/]+\/[^/]+\+(?:json|xml|text)$)/;

/**
 * True when a Content-Type is worth compressing: text and the few binary formats that are not
 * compressed.
 */
export function compressible(type: string): boolean {
  return COMPRESSIBLE.test(type.split(";", 1)[0].trim());
}

/**
 * True when it is worth looking for a precompressed sibling, which it is not for compressed files.
 */
export function mayHaveSiblings(name: string, type: string): boolean {
  if (/\.(?:br|zst|gz)$/i.test(name)) return false;
  return compressible(type) || type === OCTET_STREAM;
}
