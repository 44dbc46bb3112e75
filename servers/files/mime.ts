/** Media types by name, over `mime-types`. Pure. */
import mime from "mime-types";

const OCTET_STREAM = "application/octet-stream";
const TEXT_PLAIN = "text/plain; charset=utf-8";

/** Text that is not `text/*` and that the data base gives no charset for. */
const UTF8_APPLICATION_TYPES = new Set([
  "application/ecmascript",
  "application/graphql",
  "application/javascript",
  "application/manifest+json",
  "application/toml",
  "application/x-sh",
  "application/xml",
  "application/yaml",
  "image/svg+xml",
  "text/javascript",
]);

/** Types that the data base lacks. */
const ADDED = new Map([["zst", "application/zstd"]]);

/** Text files that go without an extension. */
const TEXT_NAMES =
  /^(?:authors|changelog|contributing|copying|dockerfile|install|license|makefile|news|notice|readme|todo)$/i;

const cache = new Map<string, string>();

/** The Content-Type of a file by its name, with `; charset=utf-8` for text. */
export function contentType(name: string): string {
  const base = name.slice(name.lastIndexOf("/") + 1);
  const extension = base.slice(base.lastIndexOf(".") + 1).toLowerCase();
  if (!base.includes(".")) return TEXT_NAMES.test(base) ? TEXT_PLAIN : OCTET_STREAM;
  const known = cache.get(extension);
  if (known !== undefined) return known;
  const type = ADDED.get(extension) ?? (mime.lookup(extension) || OCTET_STREAM);
  const isText = type.startsWith("text/") || UTF8_APPLICATION_TYPES.has(type) ||
    mime.charset(type) === "UTF-8";
  const full = isText ? `${type}; charset=utf-8` : type;
  // File names may have any number of extensions; the data base has few.
  if (type !== OCTET_STREAM) cache.set(extension, full);
  return full;
}

const COMPRESSIBLE =
  /^(?:text\/|application\/(?:.*\+)?(?:json|xml|javascript|ecmascript|yaml|toml|wasm|graphql|rtf|x-sh|x-ndjson|manifest\+json|vnd\.ms-fontobject|x-font-ttf)$|font\/(?:ttf|otf|collection)$|image\/(?:svg\+xml|bmp|x-icon|vnd\.microsoft\.icon)$|[^/]+\/[^/]+\+(?:json|xml|text)$)/;

/**
 * True when a Content-Type is worth compressing: text and the few binary formats that are not already.
 */
export function compressible(type: string): boolean {
  return COMPRESSIBLE.test(type.split(";", 1)[0].trim());
}

/**
 * True when a precompressed sibling is worth looking for: not beside files that are compressed already.
 */
export function mayHaveSiblings(name: string, type: string): boolean {
  if (/\.(?:br|zst|gz)$/i.test(name)) return false;
  return compressible(type) || type === OCTET_STREAM;
}
