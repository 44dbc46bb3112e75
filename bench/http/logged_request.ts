/**
 * Requests in access logs: the JSON lines of `ktcp http --log json`, and the Common Log Format, with
 * or without the two fields that "combined" adds. Pure.
 */
import { FIELD_VALUE, type Header, TOKEN } from "./request.ts";

/** A request as recorded in a log. */
export interface LoggedRequest {
  /** Milliseconds since 1970. */
  timeMs: number;
  /** Whether the time is in whole seconds. */
  isCoarse: boolean;
  method: string;
  /** Path and query, as they go into a request line. */
  target: string;
  /** Referer and User-Agent, if the log has them. */
  headers: Header[];
}

/** Why a line cannot be replayed. */
export type NotReplayable =
  | "no line of an access log"
  | "content is not in a log"
  | "a tunnel (CONNECT)";

/** The fields of a line, before they are checked. */
interface Fields {
  timeMs: number;
  isCoarse: boolean;
  method: unknown;
  target: unknown;
  referer: unknown;
  userAgent: unknown;
}

/** Methods whose requests have content. */
const WITH_CONTENT = ["POST", "PUT", "PATCH"];

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** A quoted field, in which the client's text is escaped. */
const QUOTED = String.raw`"((?:[^"\\]|\\.)*)"`;

const COMMON = new RegExp(
  String.raw`^\S+ \S+ \S+ \[([^\]]+)\] ${QUOTED} \d{3} (?:\d+|-)(?: ${QUOTED} ${QUOTED})?`,
);

const CLF_TIME = /^(\d\d)\/([A-Z][a-z]{2})\/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)$/;

const REQUEST_LINE = /^(\S+) (\S+)(?: HTTP\/\d\.\d)?$/;

/** The request in `line`, or why it cannot be replayed. */
export function parseLogLine(line: string): LoggedRequest | NotReplayable {
  const fields = line.startsWith("{") ? jsonFields(line) : commonFields(line);
  if (fields === undefined || !Number.isFinite(fields.timeMs)) return "no line of an access log";
  const { timeMs, isCoarse, method, referer, userAgent } = fields;
  if (typeof method !== "string" || !TOKEN.test(method)) return "no line of an access log";
  if (method === "CONNECT") return "a tunnel (CONNECT)";
  if (WITH_CONTENT.includes(method)) return "content is not in a log";
  const target = targetOf(fields.target);
  if (target === undefined) return "no line of an access log";
  const headers = Object.entries({ "Referer": referer, "User-Agent": userAgent })
    .filter((field): field is [string, string] =>
      typeof field[1] === "string" && field[1] !== "-" && FIELD_VALUE.test(field[1])
    );
  return { timeMs, isCoarse, method, target, headers };
}

function jsonFields(line: string): Fields | undefined {
  try {
    const { time, method, target, referer, userAgent } = JSON.parse(line);
    return { timeMs: Date.parse(time), isCoarse: false, method, target, referer, userAgent };
  } catch {
    return undefined;
  }
}

function commonFields(line: string): Fields | undefined {
  const [, time, request, referer, userAgent] = COMMON.exec(line) ?? [];
  if (request === undefined) return undefined;
  const [, method, target] = REQUEST_LINE.exec(unescape(request)) ?? [];
  return {
    timeMs: clfTime(time),
    isCoarse: true,
    method,
    target,
    referer: referer && unescape(referer),
    userAgent: userAgent && unescape(userAgent),
  };
}

/** `21/Nov/2026:23:39:45 +0100` in milliseconds since 1970; NaN if it is malformed. */
function clfTime(text: string): number {
  const [, day, month, year, hours, minutes, seconds, sign, zoneHours, zoneMinutes] =
    CLF_TIME.exec(text) ?? [];
  if (!MONTHS.includes(month)) return NaN;
  const zone = Number(`${sign}1`) * (Number(zoneHours) * 60 + Number(zoneMinutes));
  return Date.UTC(
    Number(year),
    MONTHS.indexOf(month),
    Number(day),
    Number(hours),
    Number(minutes) - zone,
    Number(seconds),
  );
}

/** Resolves the escapes that servers write: `\xHH`, `\"`, `\\`. One character is one byte. */
function unescape(text: string): string {
  return text.replace(
    /\\(?:x([0-9a-f]{2})|(.))/gi,
    (_, hex, char) => hex === undefined ? char : String.fromCharCode(parseInt(hex, 16)),
  );
}

/**
 * Path and query of a logged target; scheme and host of the absolute form are removed. Bytes that
 * no target may hold are percent-encoded.
 */
function targetOf(target: unknown): string | undefined {
  if (typeof target !== "string") return undefined;
  const path = target.replace(/^https?:\/\/[^/?#]*/i, "");
  const isAbsolute = path !== target;
  if (!path.startsWith("/") && path !== "*" && !(isAbsolute && /^(\?|$)/.test(path))) {
    return undefined;
  }
  const whole = path.startsWith("/") || path === "*" ? path : `/${path}`;
  return whole.replace(/[^\x21-\x7e]/g, (char) => {
    const code = char.charCodeAt(0);
    return code < 256
      ? "%" + code.toString(16).toUpperCase().padStart(2, "0")
      : encodeURIComponent(char.toWellFormed());
  });
}

/**
 * When the requests start: at the times of the log, counted from the first one, `speed` times as
 * fast. They are sorted, because a log has its lines in the order in which responses ended.
 * Requests whose time is in whole seconds are spread over their second.
 *
 * @returns the requests in order, and their starts in microseconds
 */
export function replaySchedule(
  requests: readonly LoggedRequest[],
  speed: number,
): { requests: LoggedRequest[]; startsUs: Float64Array } {
  const sorted = requests.toSorted((a, b) => a.timeMs - b.timeMs);
  const startsUs = new Float64Array(new SharedArrayBuffer(sorted.length * 8));
  for (let begin = 0, end = 0; begin < sorted.length; begin = end) {
    while (end < sorted.length && sorted[end].timeMs === sorted[begin].timeMs) end++;
    for (let i = begin; i < end; i++) {
      const spreadMs = sorted[i].isCoarse ? (i - begin) / (end - begin) * 1000 : 0;
      startsUs[i] = (sorted[i].timeMs - sorted[0].timeMs + spreadMs) * 1000 / speed;
    }
  }
  return { requests: sorted, startsUs };
}
