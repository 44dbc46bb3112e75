/** The limits of `ktcp http` as options, at the smallest and the largest values that they take. */
import assert from "node:assert/strict";
import { latin1Bytes } from "../../bench/check/latin1.ts";
import { type LaunchedServer, launchServer, run } from "../support/launch.ts";
import { exchange } from "../../bench/check/http/raw_client.ts";

const TIB = 2 ** 40;

/** @returns the statuses that `text`, sent at once, is answered with */
async function statuses(server: LaunchedServer, text: string): Promise<number[]> {
  const { responses, fault } = await exchange({ port: server.port }, [latin1Bytes(text)], {
    until: 1,
    methods: [/^[A-Z]+/.exec(text)![0]],
  });
  assert.equal(fault, undefined);
  return responses.map(({ status }) => status);
}

function line(length: number): string {
  return `GET /${"a".repeat(length - "GET / HTTP/1.1".length)} HTTP/1.1\r\n`;
}

/** One field that makes a header section of `length` bytes with the final CRLF. */
function section(length: number): string {
  return `Host: ${"a".repeat(length - "Host: \r\n\r\n".length)}\r\n\r\n`;
}

Deno.test("ktcp http holds the smallest limits that it takes", async () => {
  await using server = await launchServer([
    ...["http", "--echo", "--max-request-line", "64", "--max-header-size", "64"],
    ...["--max-headers", "1", "--max-body", "0"],
  ]);
  const check = async (text: string, status: number) =>
    assert.deepEqual(await statuses(server, text), [status], JSON.stringify(text));
  await check(line(64) + section(64), 200);
  await check(line(65) + section(64), 414);
  await check(line(64) + section(65), 431);
  await check(line(64) + "Host: a\r\nA:\r\n\r\n", 431);
  await check("POST / HTTP/1.0\r\nContent-Length: 0\r\n\r\n", 200);
  await check("POST / HTTP/1.0\r\nContent-Length: 1\r\n\r\nx", 413);
});

Deno.test("ktcp http holds the largest limits that it takes", async () => {
  await using server = await launchServer([
    ...["http", "--echo", "--max-request-line", "16k", "--max-header-size", "46k"],
    ...["--max-headers", "1000", "--max-body", "1024g"],
  ]);
  const check = async (text: string, status: number) =>
    assert.deepEqual(await statuses(server, text), [status], JSON.stringify(text.slice(0, 99)));
  await check(line(16384) + section(47104), 200);
  await check(line(16385) + section(64), 414);
  await check(line(16384) + section(47105), 431);
  await check(line(64) + "Host: a\r\n" + "A:\r\n".repeat(999) + "\r\n", 200);
  await check(line(64) + "Host: a\r\n" + "A:\r\n".repeat(1000) + "\r\n", 431);
  const announce = (length: number) =>
    `POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`;
  await check(announce(TIB + 1), 413);
  const { responses } = await exchange(
    { port: server.port },
    [latin1Bytes(announce(TIB)), { after: 100, finals: 0 }],
    { until: 0 },
  );
  assert.deepEqual(responses.map(({ status }) => status), [100], "1 TiB may come");
});

Deno.test("ktcp http refuses limits beyond those", async () => {
  const wrong = [
    ["--max-request-line", "63"],
    ["--max-request-line", "16385"],
    ["--max-header-size", "63"],
    ["--max-header-size", "47105"],
    ["--max-headers", "0"],
    ["--max-headers", "1001"],
    ["--max-body", "1025g"],
    ["--max-body", "-1"],
  ];
  await Promise.all(wrong.map(async ([option, value]) => {
    const { code, out, err } = await run(["http", "--port", "0", option, value]);
    assert.equal(code, 2, `${option} ${value}: ${err}`);
    assert.equal(out, "");
    assert.ok(err.includes(option) && err.includes(value), err);
  }));
});
