/** The options of the static server: names, defaults, validation. Pure. */

import { globPattern, isGlob } from "./glob.ts";
import { OptionError } from "./option_error.ts";
import type { Redirect } from "./redirects.ts";

/**
 * A value for the paths below the root that a pattern names; without a pattern, for all of them.
 */
export type ForPaths<T extends unknown[]> = readonly [...T, pattern?: RegExp];

/** Who may come in. */
export interface Credentials {
  /** Without a colon. */
  user: string;
  /** In clear text. */
  password: string;
}

/** What the server needs to know; every field has been validated. */
export interface StaticOptions {
  /** The served directory. */
  root: string;
  /** Names tried, in order, for a target that ends in a slash. Default `index.html`. */
  index: readonly string[];
  /**
   * Answer with the root's index and 200 where there is no file and the client wants a page.
   * Default off.
   */
  spa: boolean;
  /** Serve `about.html` for `/about` too. Default off. */
  cleanUrls: boolean;
  /** Answer a directory without an index with its listing; otherwise 404. Default on. */
  listing: boolean;
  /** Serve names that begin with a dot. Default off. */
  dotfiles: boolean;
  /** Follow symbolic links that lead out of the directory. Default off. */
  followSymlinks: boolean;
  /** Compress files on the fly that have no precompressed sibling. Default off. */
  compress: boolean;
  /**
   * Cache-Control of files; empty sends none. Default `no-cache`: caches may keep files, but must
   * revalidate.
   */
  cacheControl: string;
  /** Cache-Control of the files that a pattern names, in place of the one above; the last one wins. */
  cacheRules: readonly ForPaths<[value: string]>[];
  /** Redirect rules, applied before files are looked up; the last one that matches wins. */
  redirects: readonly Redirect[];
  /**
   * Send fields that deny pages what few of them need: a content security policy, isolation from
   * other sites, and, over https, HSTS. Default off.
   */
  securityHeaders: "http" | "https" | undefined;
  /** Access-Control-Allow-Origin; undefined (default) sends no CORS fields. */
  cors: string | undefined;
  /**
   * Fields added to every response, or to those for the paths that a pattern names. Such a field
   * replaces one of the same name that the server would send, or that an earlier pattern gives.
   */
  headers: readonly ForPaths<[name: string, value: string]>[];
  /** The credentials that are required; undefined (default): none are. */
  auth: Credentials | undefined;
  /**
   * Set when there is a password file, which the owner of the server holds: a counter that changes
   * when the file is read again. undefined (default): there is none.
   */
  passwordRevision: SharedArrayBuffer | undefined;
  /** Memory for kept files and answers, in bytes. Default 64 MiB; 0 keeps nothing. */
  cacheBytes: number;
}

/** Default of {@linkcode StaticOptions.cacheBytes}. */
export const DEFAULT_CACHE_BYTES = 64 * 1024 ** 2;

/** The Cache-Control of the file at `path`; empty for none. */
export function cacheControlOf(
  path: string,
  { cacheControl, cacheRules }: Pick<StaticOptions, "cacheControl" | "cacheRules">,
): string {
  const rule = cacheRules.findLast(([, pattern]) => pattern === undefined || pattern.test(path));
  return rule === undefined ? cacheControl : rule[0];
}

/** Fields that describe the message or the representation, whose values only the server knows. */
const RESERVED = new Set(
  ("accept-ranges allow connection content-encoding content-length content-range content-type date " +
    "etag keep-alive last-modified location proxy-connection server te trailer transfer-encoding " +
    "upgrade www-authenticate").split(" "),
);

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** field-content of RFC 9110 §5.5, limited to ASCII: other bytes have no agreed meaning. */
const FIELD_VALUE = /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/;

/**
 * Fills in defaults and validates.
 *
 * @throws OptionError naming the first option whose value cannot be used
 */
export function staticOptions(
  given: Partial<StaticOptions> & Pick<StaticOptions, "root">,
): StaticOptions {
  const options: StaticOptions = {
    index: ["index.html"],
    spa: false,
    cleanUrls: false,
    listing: true,
    dotfiles: false,
    followSymlinks: false,
    compress: false,
    cacheControl: "no-cache",
    cacheRules: [],
    redirects: [],
    securityHeaders: undefined,
    cors: undefined,
    headers: [],
    auth: undefined,
    passwordRevision: undefined,
    cacheBytes: DEFAULT_CACHE_BYTES,
    ...given,
  };
  for (const name of options.index) {
    if (name === "" || name === "." || name === ".." || /[\0/\\]/.test(name)) {
      throw new OptionError("index", `${JSON.stringify(name)} is not a file name`);
    }
  }
  checkValue("cache-control", options.cacheControl, { mayBeEmpty: true });
  for (const [value] of options.cacheRules) {
    checkValue("cache-control", value, { mayBeEmpty: true });
  }
  if (options.cors !== undefined) checkOrigin(options.cors);
  options.headers.forEach(([name, value]) => checkHeader(name, value));
  if (options.auth && (options.auth.user === "" || options.auth.user.includes(":"))) {
    throw new OptionError(
      "auth",
      "the user must not be empty or hold a colon; write user:password",
    );
  }
  if (!Number.isSafeInteger(options.cacheBytes) || options.cacheBytes < 0) {
    throw new OptionError("cache", `${options.cacheBytes} is not a size; write it like 64m or 0`);
  }
  return options;
}

/** Splits a leading glob off a value: `assets/**: value`. */
function splitGlob(text: string): { pattern?: RegExp; rest: string } {
  const match = /^([^:]*):\s*(.*)$/s.exec(text);
  if (match === null || !isGlob(match[1]) || /["=]/.test(match[1])) return { rest: text };
  return { pattern: globPattern(match[1]), rest: match[2] };
}

/**
 * Parses a value of Cache-Control, optionally preceded by a glob: `*.js: max-age=60`.
 *
 * @throws OptionError when it is not valid in a message
 */
export function parseCacheControl(text: string): ForPaths<[value: string]> {
  const { pattern, rest } = splitGlob(text);
  checkValue("cache-control", rest, { mayBeEmpty: true });
  return [rest, pattern];
}

/**
 * Parses `Name: value`, optionally preceded by a glob: `fonts/**: Name: value`.
 *
 * @throws OptionError when either part is not valid in a message, or when only the server may set
 * the field
 */
export function parseHeader(line: string): ForPaths<[name: string, value: string]> {
  const { pattern, rest: text } = splitGlob(line);
  const colon = text.indexOf(":");
  if (colon < 0) {
    throw new OptionError("header", `${JSON.stringify(text)} has no colon; write 'Name: value'`);
  }
  const name = text.slice(0, colon);
  const value = text.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, "");
  checkHeader(name, value);
  return pattern === undefined ? [name, value] : [name, value, pattern];
}

/**
 * Splits `user:password` at the first colon; the password may hold more of them.
 *
 * @throws OptionError without a colon or with an empty user; the value is not repeated
 */
export function parseAuth(text: string): Credentials {
  const colon = text.indexOf(":");
  if (colon < 1) throw new OptionError("auth", "no user and password found; write user:password");
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

function checkHeader(name: string, value: string): void {
  if (!TOKEN.test(name)) {
    throw new OptionError(
      "header",
      `${JSON.stringify(name)} is not a field name; write 'Name: value'`,
    );
  }
  if (RESERVED.has(name.toLowerCase())) {
    throw new OptionError("header", `${name} is set by the server itself; leave it out`);
  }
  checkValue("header", value, { mayBeEmpty: true });
}

function checkValue(option: string, value: string, options: { mayBeEmpty: boolean }): void {
  if (value === "" && options.mayBeEmpty) return;
  if (!FIELD_VALUE.test(value)) {
    throw new OptionError(
      option,
      `${JSON.stringify(value)} is not a field value; write printable ASCII on one line`,
    );
  }
}

/** `*`, `null`, or a serialized origin (no path, no trailing slash). */
function checkOrigin(origin: string): void {
  if (origin === "*" || origin === "null") return;
  if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
    throw new OptionError(
      "cors",
      `${JSON.stringify(origin)} is not an origin; write * or scheme://host[:port]`,
    );
  }
}
