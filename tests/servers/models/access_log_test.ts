/** The same exchanges leave the same lines in the access log, in every setup. */
import assert from "node:assert/strict";
import { connect, readFull, writeAll } from "../../../tools/soak/client.ts";
import { latin1Bytes } from "../../../bench/check/latin1.ts";
import { type LaunchedServer, launchServer } from "../../support/launch.ts";
import { FEW_SETUPS, forEachSetup, setupArgs } from "../../support/setups.ts";
import { withTree } from "../files/tree.ts";

const LARGE_BYTES = 16 << 20;
const TREE = {
  "a.txt": "hello",
  "whole.bin": new Uint8Array(1 << 20),
  "large.bin": new Uint8Array(LARGE_BYTES),
  "d/x": "",
};

/** What one client sends, in segments: each waits until the server has read the one before. */
interface Exchange {
  name: string;
  segments: string[];
  /** What is logged of it: `"request" status bytes`. */
  lines: string[];
}

const AGENT = "User-Agent: probe\r\n";

const EXCHANGES: Exchange[] = [
  {
    name: "content in the same segment as the head",
    segments: [`POST /one HTTP/1.1\r\nHost: a\r\n${AGENT}Content-Length: 2\r\n\r\nhi`],
    lines: ["POST /one HTTP/1.1 405"],
  },
  {
    name: "content in a later segment",
    segments: [`POST /two HTTP/1.1\r\nHost: a\r\n${AGENT}Content-Length: 2\r\n\r\n`, "hi"],
    lines: ["POST /two HTTP/1.1 405"],
  },
  {
    name: "chunked content in three segments",
    segments: [
      `POST /three HTTP/1.1\r\nHost: a\r\n${AGENT}Transfer-Encoding: chunked\r\n\r\n2\r\n`,
      "hi\r\n0\r\n",
      "\r\n",
    ],
    lines: ["POST /three HTTP/1.1 405"],
  },
  {
    name: "content that is wrong in a later segment",
    segments: [
      `POST /four HTTP/1.1\r\nHost: a\r\n${AGENT}Transfer-Encoding: chunked\r\n\r\n`,
      "zz\r\n",
    ],
    lines: ["POST /four HTTP/1.1 400"],
  },
  {
    name: "content that does not come",
    segments: [`POST /five HTTP/1.1\r\nHost: a\r\n${AGENT}Content-Length: 9\r\n\r\n`, "hi"],
    lines: ["POST /five HTTP/1.1 408"],
  },
  {
    name: "a head that does not end",
    segments: ["GET /si", "x HT"],
    lines: ["- - HTTP/1.1 408"],
  },
  {
    name: "a head in two segments",
    segments: ["GET /a.t", "xt HTTP/1.1\r\nHost: a\r\n\r\n"],
    lines: ["GET /a.txt HTTP/1.1 200"],
  },
  {
    name: "a head that is wrong",
    segments: ["GET /a.txt HTTP/1.1\r\nno colon\r\n\r\n"],
    lines: ["- - HTTP/1.1 400"],
  },
  {
    name: "a request after another, which is wrong",
    segments: ["GET /a.txt HTTP/1.1\r\nHost: a\r\n\r\n", "GET  /a.txt HTTP/1.1\r\n\r\n"],
    lines: ["GET /a.txt HTTP/1.1 200", "- - HTTP/1.1 400"],
  },
  {
    name: "too much content",
    segments: ["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n"],
    lines: ["- - HTTP/1.1 413"],
  },
  {
    name: "pipelined requests of all kinds, kept open",
    segments: [
      [
        "HEAD /large.bin",
        "GET /whole.bin",
        "GET /a.txt",
        "GET /large.bin",
        "HEAD /d/",
        "GET /d/",
        "GET /missing",
      ].map((line) => `${line} HTTP/1.1\r\nHost: a\r\n\r\n`).join("") +
      "GET /large.bin HTTP/1.1\r\nHost: a\r\nRange: bytes=5-2000004\r\n\r\n" +
      "GET /whole.bin HTTP/1.1\r\nHost: a\r\nRange: bytes=5-500004\r\nConnection: close\r\n\r\n",
    ],
    lines: [
      "HEAD /large.bin HTTP/1.1 200",
      "GET /whole.bin HTTP/1.1 200",
      "GET /a.txt HTTP/1.1 200",
      "GET /large.bin HTTP/1.1 200",
      "HEAD /d/ HTTP/1.1 200",
      "GET /d/ HTTP/1.1 200",
      "GET /missing HTTP/1.1 404",
      "GET /large.bin HTTP/1.1 206",
      "GET /whole.bin HTTP/1.1 206",
    ],
  },
  {
    name: "HTTP/1.0",
    segments: ["GET /large.bin HTTP/1.0\r\n\r\n"],
    lines: ["GET /large.bin HTTP/1.0 200"],
  },
];

/** A line of `--log json`. */
interface Line {
  client: string;
  method: string;
  target: string;
  version: string;
  status: number;
  bytes: number;
  durationUs: number;
  userAgent: string | null;
}

/** Sends `segments`, each when the server has taken the one before, and reads to the end. */
async function exchange(port: number, { segments, lines }: Exchange): Promise<void> {
  using conn = await connect(port);
  const reading = readToEnd(conn);
  for (const [index, segment] of segments.entries()) {
    // Long enough to make them segments in most runs; what is logged does not depend on it.
    if (index > 0) await new Promise((next) => setTimeout(next, 30));
    await writeAll(conn, latin1Bytes(segment));
  }
  const isLate = lines.some((line) => line.endsWith(" 408"));
  if (!isLate) await conn.closeWrite();
  await reading;
}

async function readToEnd(conn: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(65536);
  while (await conn.read(buffer) !== null);
}

/** Goes away with a part of a download. @returns the bytes that were read, head included */
async function abandon(port: number, target: string): Promise<number> {
  const conn = await connect(port);
  await writeAll(conn, latin1Bytes(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`));
  // Receive buffers grow as the client reads: who has read little leaves the rest to be sent.
  const part = new Uint8Array(LARGE_BYTES / 8);
  await readFull(conn, part);
  conn.close();
  return part.length;
}

/** Waits for `count` lines, then stops the server. @returns all lines */
async function linesOf(server: LaunchedServer, count: number): Promise<Line[]> {
  await server.process.untilErr(new RegExp(`^(\\{.*\\n){${count}}`));
  const { code, err } = await server.process.stop();
  assert.equal(code, 0);
  const lines = err.trimEnd().split("\n").filter((line) => line.startsWith("{"));
  return lines.map((line) => JSON.parse(line));
}

/** What is the same in every setup. */
function masked({ method, target, version, status, bytes, client, userAgent }: Line): string {
  return JSON.stringify({ method, target, version, status, bytes, client, userAgent });
}

const seen: string[] = [];

forEachSetup(FEW_SETUPS, (setup) => {
  Deno.test(`access log: ${setup.label} writes the same lines as the others`, () =>
    withTree(TREE, async (root) => {
      const args = ["http", "--dir", root, "--log", "json", ...setupArgs(setup)];
      // So long a request waits for a Worker, which may have to start on a machine that is busy.
      const headTimeout = /shared-pool|per-connection/.test(setup.model) ? "3s" : "500ms";
      await using server = await launchServer([
        ...args,
        ...["--head-timeout", headTimeout, "--body-timeout", "500ms"],
        // Each Worker of per-core gathers its own lines: only within one is their order known.
        ...["--workers", "1"],
      ]);
      const startMs = performance.now();
      // One after the other, so that the order of lines is that of the exchanges.
      for (const one of EXCHANGES) await exchange(server.port, one);
      const read = await abandon(server.port, "/large.bin?half");
      const wholeUs = (performance.now() - startMs) * 1000;
      const expected = EXCHANGES.flatMap(({ lines }) => lines);
      const lines = await linesOf(server, expected.length + 1);
      const half = lines.pop()!;
      assert.deepEqual(
        lines.map((line) => `${line.method} ${line.target} ${line.version} ${line.status}`),
        expected,
      );
      assert.equal(half.target, "/large.bin?half");
      // The head is not counted; what the kernel had taken, is.
      assert.ok(half.bytes > read - 1000 && half.bytes < LARGE_BYTES, `${half.bytes}`);
      for (const { durationUs, client } of [...lines, half]) {
        assert.equal(client, "127.0.0.1");
        assert.ok(durationUs >= 0 && durationUs < wholeUs, `${durationUs}`);
      }
      const late = lines.find(({ target, status }) => target === "/five" && status === 408)!;
      assert.ok(late.durationUs >= 400_000, `${late.durationUs}`);
      const text = lines.map(masked).join("\n");
      seen.push(text);
      assert.equal(text, seen[0]);
    }));
});
