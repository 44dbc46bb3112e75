/** Basic authentication, RFC 7617: who may come in. Pure. */
import { Buffer } from "node:buffer";
import { createHash, timingSafeEqual } from "node:crypto";
import type { HttpRequest } from "../http/resource.ts";
import type { Credentials, StaticOptions } from "./options.ts";
import type { Plan } from "./plan.ts";
import { failure } from "./respond.ts";

/** The challenge of a 401. */
const CHALLENGE = 'Basic realm="ktcp", charset="UTF-8"';

/**
 * 401 to who may not come in: without the credentials only a CORS preflight may go on, which browsers
 * always send without. What is asked for after it has to have them.
 */
export function challenge(request: HttpRequest, options: StaticOptions): Plan<never> | undefined {
  const { auth, cors } = options;
  if (auth === undefined) return undefined;
  const isPreflight = cors !== undefined && request.method === "OPTIONS" &&
    request.field("access-control-request-method") !== undefined;
  if (isPreflight || authorized(request.field("authorization"), auth)) return undefined;
  return failure(request, 401, {
    settings: options,
    fields: [["WWW-Authenticate", CHALLENGE]],
  });
}

/**
 * Checks an Authorization field in time that does not depend on where it differs: digests of equal
 * length are compared, of the whole `user:password` at once.
 */
export function authorized(field: string | undefined, expected: Credentials): boolean {
  const match = /^basic +([a-z0-9+/]+={0,2})$/i.exec(field ?? "");
  const given = Buffer.from(match ? match[1] : "", "base64");
  const wanted = Buffer.from(`${expected.user}:${expected.password}`, "utf-8");
  return timingSafeEqual(digest(given), digest(wanted)) && match !== null;
}

function digest(bytes: Uint8Array): Uint8Array {
  return createHash("sha256").update(bytes).digest();
}
