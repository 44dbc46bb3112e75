/** Requests that are nearly right: what a soak feeds to parsers and servers. */
import type { Random } from "./random.ts";

/** Valid requests that reach every state of the parser. */
const VALID: readonly string[] = [
  "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
  "HEAD /a?b=c HTTP/1.1\r\nHost: localhost:8081\r\nAccept: */*\r\nX: \t\xff\t \r\n\r\n",
  "GET http://a.example:80/x HTTP/1.1\r\nHost: [::1]:80\r\nConnection: keep-alive, foo\r\n\r\n",
  "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello world",
  "PUT /x HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabc",
  "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
  '5;a="b c"\r\nhello\r\n00A\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n',
  "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok",
  'OPTIONS * HTTP/1.1\r\nHost: a\r\nIf-None-Match: "x"\r\nRange: bytes=0-1\r\n\r\n',
  "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
  "\r\nDELETE /" + "a".repeat(300) + " HTTP/1.1\r\nHost: a\r\nCookie: " + "b=c; ".repeat(150) +
  "\r\n\r\n",
];

/** What does not belong where it is put. */
const INSERTS: readonly string[] = [
  ..."\0\t\n\r :;,/@#\x7f\x80\xff",
  ...["\r\n", "\r\n\r\n", "\n\n", "\r\n ", "0\r\n\r\n", "ffffffffffffffff", " HTTP/1.1"],
  ...["Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "Host: b\r\n", "A".repeat(9000)],
  ...["Connection: close\r\n", "Expect: 100-continue\r\n", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"],
];

/** The latin1 bytes of `text`. */
function latin1(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}

/** Bytes that matter to HTTP, so that a random sequence of them gets somewhere. */
export const HTTP_ALPHABET = latin1('\r\n\r\n\r\n  :::;,=\tGETPOSHhtp/1.0129aAfF%*[]@#"\x7f\x80\0');

/** Every byte. */
export const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, byte) => byte);

/** The first bytes of a valid request, which leave a parser in any of its states. */
export function validPrefix(random: Random): Uint8Array<ArrayBuffer> {
  const text = random.pick(VALID);
  return latin1(text.slice(0, random.below(text.length + 1)));
}

/** A valid request changed in one to three places. */
export function mutatedRequest(random: Random): Uint8Array<ArrayBuffer> {
  let text = random.pick(VALID);
  for (let changes = 1 + random.below(3); changes > 0; --changes) text = mutate(text, random);
  return latin1(text);
}

function mutate(text: string, random: Random): string {
  const at = random.below(text.length + 1);
  const before = text.slice(0, at);
  switch (random.below(6)) {
    case 0: // another byte
      return before + String.fromCharCode(random.below(256)) + text.slice(at + 1);
    case 1:
      return before + text.slice(at + 1 + random.below(12));
    case 2: // twice
      return text.slice(0, at + random.below(40)) + text.slice(at);
    case 3:
      return before + random.pick(INSERTS) + text.slice(at);
    case 4:
      return before;
    default: {
      const other = random.pick(VALID);
      return before + other.slice(random.below(other.length));
    }
  }
}
