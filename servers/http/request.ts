/**
 * A request as resources and the access log see it: a view of the connection's block.
 */
import { type Core, Field } from "../../core/mod.ts";
import type { HttpRequest } from "./resource.ts";
import { userOf } from "./basic_user.ts";
import type { AccessRecord } from "./log_line.ts";
import { microsecondsSince } from "./request_start.ts";

/** A request that is being answered: its values are read out of the core when asked for. */
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

/**
 * What the access log says of the request on `conn`.
 *
 * @param startUs when its head was complete, as `request_start.ts` has it; undefined when it
 *   never was: then there is no method or target to log
 */
export function describeRequest(
  core: Core,
  conn: number,
  startUs: number | undefined,
): Omit<AccessRecord, "peer" | "status" | "bodyBytes"> {
  const isWhole = startUs !== undefined;
  const field = (name: Field) => isWhole ? core.field(conn, name) : undefined;
  return {
    timeMs: Date.now(),
    method: isWhole ? core.methodName(conn) : "-",
    target: isWhole ? core.target(conn) : "-",
    minorVersion: isWhole ? core.minorAsSent(conn) : 1,
    durationUs: isWhole ? microsecondsSince(startUs) : 0,
    user: userOf(field(Field.Authorization)),
    referer: field(Field.Referer),
    userAgent: field(Field.UserAgent),
    forwardedFor: field(Field.XForwardedFor),
  };
}
