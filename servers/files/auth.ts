/** Basic authentication, RFC 7617. Pure. */
import { Buffer } from "node:buffer";
import { createHash, timingSafeEqual } from "node:crypto";

/** Who may come in. */
export interface Credentials {
  user: string;
  password: string;
}

/** The challenge of a 401. */
export const CHALLENGE = 'Basic realm="ktcp", charset="UTF-8"';

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
