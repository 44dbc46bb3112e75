/**
 * Who may talk to the host: only the page whose address was printed. Other pages in the same browser,
 * pages that have rebound a name to the loopback address, and other users of the machine get a refusal
 * that reveals nothing.
 */
import { timingSafeEqual } from "node:crypto";
import type { HttpRequest } from "../../servers/mod.ts";

/** Bytes of a token: 128 bits, 22 characters. */
const TOKEN_BYTES = 16;

/** The default port of http. */
const HTTP_PORT = 80;

/** A random token, in characters that an address may hold. */
export function newToken(): string {
  return crypto.getRandomValues(new Uint8Array(TOKEN_BYTES))
    .toBase64({ alphabet: "base64url", omitPadding: true });
}

/** What a request is judged by. */
export type JudgedRequest = Pick<HttpRequest, "method" | "target" | "field">;

/** Methods that change nothing; for these, browsers send no Origin to the page's own host. */
const SAFE_METHODS = ["GET", "HEAD"];

/** Judges requests. */
export class Gate {
  readonly #token: Uint8Array;
  readonly #hosts: ReadonlySet<string>;

  /** @param port on which the host listens */
  constructor(token: string, port: number) {
    this.#token = new TextEncoder().encode(token);
    const names = ["127.0.0.1", "localhost", "[::1]"];
    // Browsers leave the default port out (RFC 9110 section 4.2.3).
    this.#hosts = new Set([
      ...names.map((name) => `${name}:${port}`),
      ...(port === HTTP_PORT ? names : []),
    ]);
  }

  /** Whether `request` comes from the page: it knows the token, and no other page has made it. */
  admits(request: JudgedRequest): boolean {
    const host = request.field("host") ?? "";
    const origin = request.field("origin");
    const site = request.field("sec-fetch-site");
    // Everything is always checked: the time that this takes must not reveal what was wrong.
    const hasToken = this.#isToken(tokenOf(request.target));
    const isHere = this.#hosts.has(host) && request.target.startsWith("/");
    // A request that changes something must state its origin, which every browser does.
    const isOwnPage = origin === undefined
      ? SAFE_METHODS.includes(request.method)
      : origin === `http://${host}`;
    const isSameSite = site === undefined || site === "same-origin" || site === "none";
    return hasToken && isHere && isOwnPage && isSameSite;
  }

  #isToken(text: string): boolean {
    const given = new TextEncoder().encode(text);
    // The length of a token is known to everybody.
    return given.length === this.#token.length && timingSafeEqual(given, this.#token);
  }
}

/** The token in the query of a target; empty unless it is there exactly once. */
function tokenOf(target: string): string {
  const values = new URLSearchParams(target.split("?").slice(1).join("?")).getAll("token");
  return values.length === 1 ? values[0] : "";
}
