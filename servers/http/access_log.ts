/**
 * The access log: one line per request, gathered and printed in large pieces.
 */

/** Characters that are gathered before they are printed. */
const FLUSH_LENGTH = 16384;

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** One answered request. */
export interface AccessRecord {
  /** When the request head was complete, milliseconds since 1970. */
  timeMs: number;
  /** The peer's address without port; a path or empty for a Unix socket. */
  peer: string;
  method: string;
  /** The raw target, one character per byte. */
  target: string;
  minorVersion: number;
  status: number;
  /** Bytes of content sent, heads not counted. */
  bodyBytes: number;
  /** From the head's last byte to the response's last byte, microseconds. */
  durationUs: number;
  user: string | undefined;
  referer: string | undefined;
  userAgent: string | undefined;
  forwardedFor: string | undefined;
}

/** Formats of `--log`. */
export const LOG_FORMATS = ["short", "common", "json"] as const;

/** How a line of the access log looks. */
export type LogFormat = typeof LOG_FORMATS[number];

/** How the access log is written. */
export interface AccessLogOptions {
  /** How a line looks. */
  format: LogFormat;
  /** Log the client that the last proxy names in X-Forwarded-For. */
  trustProxy: boolean;
  /** `short`: show the status in colour. */
  colour?: boolean;
}

/** A log of whole lines. */
export class AccessLog {
  readonly #options: AccessLogOptions;
  readonly #print: (lines: string) => void;
  #text = "";

  /** @param print takes whole lines, and must not wait */
  constructor(options: AccessLogOptions, print: (lines: string) => void) {
    this.#options = options;
    this.#print = print;
  }

  /** Adds the line of `record`. */
  write(record: AccessRecord): void {
    this.#text += logLine(record, this.#options);
    if (this.#text.length > FLUSH_LENGTH) this.flush();
  }

  /** Prints what was gathered. Called at every tick, and at the end. */
  flush(): void {
    if (this.#text === "") return;
    this.#print(this.#text);
    this.#text = "";
  }
}

/**
 * The line of one request, with its line feed. Pure.
 *
 * `common` is the Common Log Format: `host ident user [time] "request" status bytes`. `short` is
 * for a terminal: the local time, status, method, target, bytes, milliseconds, and the client
 * unless it is this machine. Everything that a client chose is escaped, so that no request can
 * forge a line.
 */
export function logLine(
  record: AccessRecord,
  options: AccessLogOptions,
): string {
  const client = clientAddress(record, options);
  const request = `${record.method} ${record.target} HTTP/1.${record.minorVersion}`;
  if (options.format === "json") {
    return JSON.stringify({
      time: new Date(record.timeMs).toISOString(),
      client,
      user: record.user ?? null,
      method: record.method,
      target: record.target,
      version: `HTTP/1.${record.minorVersion}`,
      status: record.status,
      bytes: record.bodyBytes,
      durationUs: Math.round(record.durationUs),
      referer: record.referer ?? null,
      userAgent: record.userAgent ?? null,
    }).replace(/[\x7f-\x9f\u2028\u2029]/g, jsonEscape) + "\n";
  }
  if (options.format === "short") return shortLine(record, client, options.colour ?? false);
  const user = record.user === undefined || record.user === "" ? "-" : escape(record.user, true);
  return `${escape(client, true) || "-"} - ${user} [${clfTime(record.timeMs)}] ` +
    `"${escape(request, false)}" ${record.status} ${record.bodyBytes || "-"}\n`;
}

/**
 * The address to log: the peer's, or with `trustProxy` the last one in X-Forwarded-For. The last
 * one was written by the proxy that connected to us; those before it are only the client's claims.
 */
export function clientAddress(
  record: Pick<AccessRecord, "peer" | "forwardedFor">,
  options: Pick<AccessLogOptions, "trustProxy">,
): string {
  if (!options.trustProxy || record.forwardedFor === undefined) return record.peer;
  const last = record.forwardedFor.split(",").pop()!.trim();
  // Some proxies add the port: 192.0.2.1:5678, [2001:db8::1]:5678.
  const address = last.replace(/^\[([^\]]*)\](?::\d+)?$/, "$1").replace(/^([\d.]+):\d+$/, "$1");
  return /^[0-9a-f.:]+$/i.test(address) ? address : record.peer;
}

/** Colours of a status by its first digit: informational to server error (ECMA-48 SGR). */
const STATUS_COLOURS = [0, 34, 32, 36, 33, 31];

/** `12:05:33 200 GET /path 1.5k 0.3ms`. */
function shortLine(record: AccessRecord, client: string, colour: boolean): string {
  const { timeMs, method, target, status, bodyBytes, durationUs } = record;
  const time = new Date(timeMs).toTimeString().slice(0, 8);
  const shown = colour
    ? `\x1b[${STATUS_COLOURS[Math.floor(status / 100)]}m${status}\x1b[0m`
    : status;
  const request = escape(`${method} ${target}`, false);
  const from = /^(|127\..*|::1|::ffff:127\..*)$/.test(client)
    ? ""
    : ` from ${escape(client, true)}`;
  const ms = durationUs / 1000;
  return `${time} ${shown} ${request} ${shortBytes(bodyBytes)} ` +
    `${ms < 10 ? ms.toFixed(1) : Math.round(ms)}ms${from}\n`;
}

/** Bytes with about three digits: `512`, `1.5k`, `20m`. */
function shortBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < 3; ++unit) value /= 1024;
  const text = unit > 0 && value < 10 ? value.toFixed(1) : String(Math.round(value));
  return text + ["", "k", "m", "g"][unit];
}

/** `21/Nov/2026:23:39:45 +0000`. */
function clfTime(timeMs: number): string {
  const date = new Date(timeMs);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${two(date.getUTCDate())}/${MONTHS[date.getUTCMonth()]}/${date.getUTCFullYear()}:` +
    `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`;
}

/** Escapes quotes, backslashes and what is not printable ASCII as `\xHH`; spaces in a word too. */
function escape(text: string, isWord: boolean): string {
  return text.replace(isWord ? /[^\x21-\x7e]|["\\]/g : /[^\x20-\x7e]|["\\]/g, (char) => {
    if (char === '"' || char === "\\") return "\\" + char;
    const code = char.charCodeAt(0);
    return code < 256 ? "\\x" + code.toString(16).padStart(2, "0") : jsonEscape(char);
  });
}

function jsonEscape(char: string): string {
  return "\\u" + char.charCodeAt(0).toString(16).padStart(4, "0");
}
