/** The requests that the parsers are timed with. */

/** Bytes to parse, and what they hold. */
export interface Sample {
  name: string;
  bytes: Uint8Array<ArrayBuffer>;
  requests: number;
  /** Field lines of all of its heads together. */
  fields: number;
}

const TINY = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

const BROWSER = lines(
  "GET /archive/2024/03/pictures/a-hedgehog-in-a-knitted-jumper.jpg HTTP/1.1",
  "Host: www.hedgehogs.example",
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0 Build/20240704",
  "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
  "Accept-Language: zh-TW,zh;q=0.8,en-US;q=0.5,en;q=0.3",
  "Accept-Encoding: gzip, deflate",
  "Accept-Charset: Big5,utf-8;q=0.7,*;q=0.7",
  "Keep-Alive: 115",
  "Connection: keep-alive",
  "Cookie: session=5f2d8c1ab94e47d3a06b; visits=17; theme=dark; seen=1709640000; " +
    "id=1.2.1843277961.1709640000; source=1709640000.1.1.from=(direct)|campaign=(none)|medium=(none); " +
    "consent=yes; __last=2024-03-05T12%3A00%3A00Z; region=asia; tz=taipei",
);

const COOKIES = lines(
  "GET /shop/basket?item=4711&quantity=2&return=%2Fshop%2Flist HTTP/1.1",
  "Host: shop.example:8443",
  "Connection: keep-alive",
  "Cache-Control: max-age=0",
  "Upgrade-Insecure-Requests: 1",
  "User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0.0.0 Safari/537.36",
  "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
  "Referer: https://shop.example:8443/shop/list",
  "Accept-Encoding: gzip, deflate, br",
  "Accept-Language: en-GB,en;q=0.9",
  "Cookie: " + cookies(1546),
);

const CHUNKED = lines(
  "POST /upload HTTP/1.1",
  "Host: localhost:8081",
  "Content-Type: application/octet-stream",
  "Transfer-Encoding: chunked",
) +
  [16, 200, 1024, 1, 700].map((size) => `${size.toString(16)}\r\n${"x".repeat(size)}\r\n`).join(
    "",
  ) +
  "0\r\n\r\n";

/** All samples, the small ones first. */
export const SAMPLES: readonly Sample[] = [
  sample("tiny request", TINY, { requests: 1, fields: 1 }),
  sample("browser request", BROWSER, { requests: 1, fields: 9 }),
  sample("request with cookies", COOKIES, { requests: 1, fields: 10 }),
  sample("16 pipelined requests", TINY.repeat(16), { requests: 16, fields: 16 }),
  sample("chunked content", CHUNKED, { requests: 1, fields: 3 }),
];

function lines(...all: string[]): string {
  return all.map((line) => line + "\r\n").join("") + "\r\n";
}

/** `length` bytes of cookies, as shops set them. */
function cookies(length: number): string {
  let text = "";
  for (let i = 0; text.length < length; ++i) {
    text += `c${i}=${(i * 2654435761 >>> 0).toString(36).repeat(i % 7 + 1)}; `;
  }
  return text.slice(0, length - 1) + "z";
}

function sample(name: string, text: string, holds: { requests: number; fields: number }): Sample {
  return { name, bytes: Uint8Array.from(text, (c) => c.charCodeAt(0)), ...holds };
}
