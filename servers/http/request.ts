/**
 * A request as resources and the access log see it: a view of the connection's block.
 */
import { type Core, Field } from "../../core/mod.ts";
import type { AccessRecord } from "./access_log.ts";
import type { HttpRequest } from "./resource.ts";

const WORD = 2 ** 32;

/** A request that is being answered. Its values are read from the core on demand. */
export class CurrentRequest implements HttpRequest {
  readonly #core: Core;
  readonly #conn: number;

  constructor(core: Core, conn: number) {
    this.#core = core;
    this.#conn = conn;
  }

  get method(): string {
    return this.#core.methodName(this.#conn);
  }

  get target(): string {
    return this.#core.target(this.#conn);
  }

  get hasDecisiveField(): boolean {
    return this.#core.hasDecisiveField(this.#conn);
  }

  field(name: string): string | undefined {
    return this.#core.fieldByName(this.#conn, name);
  }
}

/** Microseconds since 1970. */
function nowUs(): number {
  return Math.round((performance.timeOrigin + performance.now()) * 1000);
}

/**
 * Notes that the head of the request on `conn` is complete. The time is kept in the connection's
 * block, as the thread that answers may not be the one that read the head; for the same reason it
 * is taken from a clock that threads share.
 */
export function noteRequestStart(core: Core, conn: number): void {
  const us = nowUs();
  core.setServiceWord(conn, 0, us % WORD);
  core.setServiceWord(conn, 1, Math.floor(us / WORD));
}

/**
 * The access log's record of the request on `conn`. There is no method or target to log if its head
 * was never complete.
 */
export function describeRequest(
  core: Core,
  conn: number,
  timing: RequestTiming,
): Omit<AccessRecord, "peer" | "status" | "bodyBytes"> {
  const { isWhole, durationUs } = timing;
  const field = (name: Field) => isWhole ? core.field(conn, name) : undefined;
  return {
    timeMs: Date.now(),
    method: isWhole ? core.methodName(conn) : "-",
    target: isWhole ? core.target(conn) : "-",
    minorVersion: isWhole ? core.minorAsSent(conn) : 1,
    durationUs,
    user: userOf(field(Field.Authorization)),
    referer: field(Field.Referer),
    userAgent: field(Field.UserAgent),
    forwardedFor: field(Field.XForwardedFor),
  };
}

/** How long a request has taken so far. */
export interface RequestTiming {
  /** Whether its head is complete. */
  isWhole: boolean;
  /** Time since the head was complete, in microseconds; 0 when it is not. */
  durationUs: number;
}

/** Takes the timing of the request on `conn` and clears its noted start. */
export function takeTiming(core: Core, conn: number): RequestTiming {
  const startUs = takeRequestStart(core, conn);
  if (startUs === undefined) return { isWhole: false, durationUs: 0 };
  // Never negative, although the clocks of threads differ a little.
  return { isWhole: true, durationUs: Math.max(0, nowUs() - startUs) };
}

/**
 * Takes the noted start time, and clears it.
 *
 * @returns microseconds since 1970; `undefined` when the head is not complete
 */
function takeRequestStart(core: Core, conn: number): number | undefined {
  const high = core.serviceWord(conn, 1);
  if (high === 0) return undefined;
  core.setServiceWord(conn, 1, 0);
  return high * WORD + core.serviceWord(conn, 0);
}

/**
 * The user of basic authentication (RFC 7617) that an Authorization field names; undefined when it is
 * not Basic.
 */
function userOf(field: string | undefined): string | undefined {
  const match = /^basic +([a-z0-9+/]+={0,2})$/i.exec(field ?? "");
  if (match === null) return undefined;
  try {
    const bytes = Uint8Array.from(atob(match[1]), (char) => char.charCodeAt(0));
    return new TextDecoder().decode(bytes).split(":")[0];
  } catch {
    // Not valid base64 or UTF-8: there is no user to log.
    return undefined;
  }
}
