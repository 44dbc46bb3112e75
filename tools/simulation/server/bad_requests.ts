/**
 * Malformed requests, and the status that each gets before the connection is closed. The RFCs decide:
 * 9112 for the syntax, 9110 for the meaning, 6585 for 431.
 */

/** What is sent, where each character is a byte, and the status. */
export const BAD_REQUESTS: readonly [text: string, status: number][] = [
  ["GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n", 400],
  ["GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400],
  ["GET / HTTP/1.1\nHost: a\n\n", 400],
  ["GET / HTTP/1.1\r\nHost: a\r\nX: 1\r2\r\n\r\n", 400],
  ["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400],
  ["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", 400],
  ["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\n", 400],
  ["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n", 400],
  ["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400],
  ["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 400],
  ["POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 400],
  ["POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501],
  ["POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", 400],
  ["POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400],
  ["GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400],
  ["GET / HTTP/1.1\r\nAccept: */*\r\n\r\n", 400],
  ["GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400],
  ["GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400],
  ["GET relative HTTP/1.1\r\nHost: a\r\n\r\n", 400],
  ["GET /# HTTP/1.1\r\nHost: a\r\n\r\n", 400],
  ["G@T / HTTP/1.1\r\nHost: a\r\n\r\n", 400],
  ["GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400],
  ["GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400],
  ["GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", 400],
  ["GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", 400],
  ["POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400],
  ["POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab", 400],
  [`GET /${"a".repeat(9000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414],
  [`GET / HTTP/1.1\r\nHost: a\r\n${"X: 1\r\n".repeat(101)}\r\n`, 431],
  [`GET / HTTP/1.1\r\nHost: a\r\nX: ${"a".repeat(17_000)}\r\n\r\n`, 431],
  ["GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505],
  ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505],
  ["GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400],
  ["GET /\r\n\r\n", 400],
  ["\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", 400],
];
