/**
 * Requests to begin with: good ones, and ones that have deceived parsers. Most are cases of `ktcp check`.
 */
const HIDDEN = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
const POST = "POST / HTTP/1.1\r\nHost: a\r\n";
const CHUNKED = `${POST}Transfer-Encoding: chunked\r\n\r\n`;

/** By name; each character is a byte. */
const TEXTS = {
  "get":
    "GET /index.html?q=1 HTTP/1.1\r\nHost: localhost\r\nUser-Agent: student\r\nAccept: */*\r\n\r\n",
  "pipelined": "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n" +
    "GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
  "content-length": `${POST}Content-Length: 11\r\n\r\nhello world`,
  "chunked": `${CHUNKED}5\r\nhello\r\n6;note="hi"\r\n world\r\n0\r\nX-Trailer: 1\r\n\r\n`,
  "cl-te": `${POST}Content-Length: 40\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
  "te-cl": `${POST}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n` +
    `23\r\n${HIDDEN}\r\n0\r\n\r\n`,
  "te-te-unknown": `${POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n` +
    `0\r\n\r\n${HIDDEN}`,
  "te-te-case": `${POST}Transfer-Encoding: chunked\r\ntransfer-ENCODING: chunked\r\n\r\n` +
    `0\r\n\r\n${HIDDEN}`,
  "te-vertical-tab": `${POST}Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
  "xchunked": `${POST}Transfer-Encoding: xchunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  "two-lengths": `${POST}Content-Length: 0\r\nContent-Length: 35\r\n\r\n${HIDDEN}`,
  "signed-length": `${POST}Content-Length: +35\r\n\r\n${HIDDEN}`,
  "space-before-colon": `${POST}Content-Length: 40\r\nTransfer-Encoding : chunked\r\n\r\n` +
    `0\r\n\r\n${HIDDEN}`,
  "folded": `${POST}Content-Length: 40\r\nX: y\r\n Transfer-Encoding: chunked\r\n\r\n` +
    `0\r\n\r\n${HIDDEN}`,
  "bare-lf": `${POST}Content-Length: 40\r\nX: y\nTransfer-Encoding: chunked\r\n\r\n` +
    `0\r\n\r\n${HIDDEN}`,
  "lf-lf": `GET / HTTP/1.1\r\nHost: a\n\n${HIDDEN}`,
  "bare-cr": "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\rGET /smuggled HTTP/1.1\r\n\r\n",
  "nul": `${POST}Content-Length: 40\r\nX: y\0Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
  "chunk-extension": `${CHUNKED}2;\nxx\r\n4c\r\n0\r\n\r\n${HIDDEN}`,
  "chunk-spill": `${CHUNKED}5\r\nhelloXX2a\r\n0\r\n\r\n${HIDDEN}`,
  "chunk-overflow": `${CHUNKED}10000000000000000\r\n\r\n${HIDDEN}`,
  "get-with-body": `GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 35\r\n\r\n${HIDDEN}` +
    "GET /a.txt HTTP/1.1\r\nHost: b\r\n\r\n",
  "http10-chunked": "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
    `0\r\n\r\n${HIDDEN}`,
  "absolute-form": "GET http://other.example/a.txt HTTP/1.1\r\nHost: a\r\n\r\n",
  "no-host": "GET / HTTP/1.1\r\nAccept: */*\r\n\r\n",
  "two-hosts": "GET / HTTP/1.1\r\nHost: good.example\r\nHost: evil.example\r\n\r\n",
  "long-line": `GET /${"a".repeat(8200)} HTTP/1.1\r\nHost: a\r\n\r\n`,
  "tls": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
} as const;

export type ExampleName = keyof typeof TEXTS;

/** Their names, in the order in which they are offered. */
export const EXAMPLES = Object.keys(TEXTS) as ExampleName[];

/** The bytes of the example `name`. */
export function exampleBytes(name: ExampleName): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(TEXTS[name], (character) => character.charCodeAt(0));
}
