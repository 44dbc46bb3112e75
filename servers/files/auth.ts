/** Basic authentication, RFC 7617: checks credentials. Pure. */
import { nodeCrypto } from "../../system/node.ts";
import type { HttpRequest } from "../http/resource.ts";
import type { Credentials, StaticOptions } from "./options.ts";
import type { Passwords } from "./passwords.ts";
import type { Plan } from "./plan.ts";
import { failure } from "./respond.ts";

/** The challenge of a 401. */
const CHALLENGE = 'Basic realm="ktcp", charset="UTF-8"';

/** Value of Retry-After, in seconds, when too many passwords wait to be checked. */
const RETRY_AFTER_S = "1";

/**
 * Returns 401 for missing or wrong credentials, and 503 when they cannot be checked now. Only a
 * CORS preflight passes without credentials, because browsers never send them with it; the request
 * that follows must have them.
 */
export function challenge(request: HttpRequest, options: StaticOptions): Plan<never> | undefined;
export function challenge(
  request: HttpRequest,
  options: StaticOptions,
  passwords: Passwords | undefined,
): Plan<never> | undefined | Promise<Plan<never> | undefined>;
export function challenge(
  request: HttpRequest,
  options: StaticOptions,
  passwords?: Passwords,
): Plan<never> | undefined | Promise<Plan<never> | undefined> {
  const { auth, cors } = options;
  if (auth === undefined && options.passwordRevision === undefined) return undefined;
  const isPreflight = cors !== undefined && request.method === "OPTIONS" &&
    request.field("access-control-request-method") !== undefined;
  if (isPreflight) return undefined;
  const field = request.field("authorization");
  if (auth !== undefined && authorized(field, auth)) return undefined;
  const given = passwords && credentialsOf(field);
  const isRight = given !== undefined && passwords!.isRight(given);
  if (isRight === true) return undefined;
  const refusal = failure(request, 401, {
    settings: options,
    fields: [["WWW-Authenticate", CHALLENGE]],
  });
  if (isRight === false) return refusal;
  // The request may be over by the time the verdict arrives.
  const busy = failure(request, 503, {
    settings: options,
    detail: "too many passwords are being checked",
    fields: [["Retry-After", RETRY_AFTER_S]],
  });
  return isRight.then((judged) => judged === undefined ? busy : judged ? undefined : refusal);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The decoded `user:password` of a Basic Authorization field; undefined for any other field. */
function basicBytes(field: string | undefined): Uint8Array | undefined {
  const match = /^basic +([a-z0-9+/]+={0,2})$/i.exec(field ?? "");
  if (match === null) return undefined;
  try {
    return Uint8Array.fromBase64(match[1]);
  } catch {
    // Not as long as base64 is.
    return undefined;
  }
}

function credentialsOf(field: string | undefined): Credentials | undefined {
  const bytes = basicBytes(field);
  const text = bytes === undefined ? "" : decoder.decode(bytes);
  const colon = text.indexOf(":");
  if (colon < 1) return undefined;
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/**
 * Checks an Authorization field in time that does not depend on where it differs from the expected
 * one: it compares digests, of equal length, of the whole `user:password`.
 */
export function authorized(field: string | undefined, expected: Credentials): boolean {
  const given = basicBytes(field);
  const wanted = encoder.encode(`${expected.user}:${expected.password}`);
  const isEqual = nodeCrypto().timingSafeEqual(digest(given ?? new Uint8Array()), digest(wanted));
  return isEqual && given !== undefined;
}

function digest(bytes: Uint8Array): Uint8Array {
  return nodeCrypto().createHash("sha256").update(bytes).digest();
}
