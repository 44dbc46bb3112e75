/** `ktcp http` over real sockets, as a browser or curl sees it. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { latin1Bytes } from "../../bench/check/latin1.ts";
import { type LaunchedServer, launchServer } from "../support/launch.ts";
import { peakResidentBytes } from "../../system/process_usage.ts";
import { randomBlocks, sha256 } from "../support/random_bytes.ts";
import { exchange } from "../../bench/check/http/raw_client.ts";

const MiB = 1 << 20;
const LARGE_BYTES = 50 * MiB;
const isLinux = Deno.build.os === "linux";

/** A directory to serve, beside a file that must not be. */
class Site implements AsyncDisposable {
  readonly folder = Deno.makeTempDirSync({ prefix: "ktcp-http-" });
  readonly root = `${this.folder}/public`;

  constructor() {
    Deno.mkdirSync(`${this.root}/docs`, { recursive: true });
    Deno.writeTextFileSync(`${this.folder}/secret.txt`, "secret");
    Deno.writeTextFileSync(`${this.root}/hello.txt`, "Hello, file!\n");
    Deno.writeTextFileSync(`${this.root}/a b & <c>.txt`, "odd name");
    Deno.writeTextFileSync(`${this.root}/docs/index.html`, "<h1>Index</h1>");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** Starts a server without Workers: the fastest one to be ready. */
function launchHttp(...args: string[]): Promise<LaunchedServer> {
  return launchServer(["http", "--model", "single", ...args]);
}

async function get(server: LaunchedServer, path: string, init?: RequestInit) {
  const response = await fetch(`http://${server.address}${path}`, init);
  return { response, text: await response.text(), headers: response.headers };
}

Deno.test("ktcp http answers Hello World! to any GET", async () => {
  await using server = await launchHttp();
  for (const path of ["/", "/any/path?query"]) {
    const { response, text, headers } = await get(server, path);
    assert.deepEqual([response.status, text], [200, "Hello World!\n"]);
    assert.equal(headers.get("server"), "ktcp");
    assert.equal(headers.get("content-length"), "13");
    const ageMs = Date.now() - Date.parse(headers.get("date")!);
    assert.ok(Math.abs(ageMs) < 5000, `Date is now: ${headers.get("date")}`);
  }
  const head = await get(server, "/", { method: "HEAD" });
  assert.deepEqual([head.text, head.headers.get("content-length")], ["", "13"]);
  const post = await get(server, "/", { method: "POST", body: "x" });
  assert.deepEqual([post.response.status, post.headers.get("allow")], [405, "GET, HEAD"]);
});

Deno.test("ktcp http answers a batch of pipelined requests in order, and closes when asked", async () => {
  await using server = await launchHttp("--echo");
  const request = (text: string, fields = "") =>
    latin1Bytes(
      `PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: ${text.length}\r\n${fields}\r\n${text}`,
    );
  const texts = Array.from({ length: 16 }, (_, i) => `request ${i}`);
  const steps = texts.map((text, i) => request(text, i === 15 ? "Connection: close\r\n" : ""));
  const batch = Uint8Array.from(steps.flatMap((bytes) => [...bytes]));
  const address = { hostname: "127.0.0.1", port: server.port };
  const { responses, end, fault } = await exchange(address, [batch], { until: "close" });
  assert.deepEqual([end, fault], ["closed", undefined]);
  assert.deepEqual(responses.map(({ body }) => body), texts);
});

Deno.test("ktcp http --echo answers with the request's content", async () => {
  await using server = await launchHttp("--echo");
  const body = Uint8Array.from({ length: 300_000 }, (_, i) => i);
  const response = await fetch(`http://${server.address}/`, { method: "POST", body });
  assert.deepEqual(new Uint8Array(await response.arrayBuffer()), body);
});

Deno.test("ktcp http --dir serves a text file, HEAD, an index, a listing and 404", async () => {
  await using site = new Site();
  await using server = await launchHttp("--dir", site.root);
  const file = await get(server, "/hello.txt");
  assert.deepEqual([file.response.status, file.text], [200, "Hello, file!\n"]);
  assert.match(file.headers.get("content-type")!, /^text\/plain; *charset=utf-8$/i);
  assert.equal(file.headers.get("content-length"), "13");
  const modified = Deno.statSync(`${site.root}/hello.txt`).mtime!;
  modified.setMilliseconds(0);
  assert.equal(file.headers.get("last-modified"), modified.toUTCString());

  const head = await get(server, "/hello.txt", { method: "HEAD" });
  assert.equal(head.text, "");
  for (const name of ["content-type", "content-length", "last-modified"]) {
    assert.equal(head.headers.get(name), file.headers.get(name), name);
  }

  const index = await get(server, "/docs/");
  assert.equal(index.text, "<h1>Index</h1>");
  assert.match(index.headers.get("content-type")!, /^text\/html/);

  const listing = await get(server, "/");
  assert.match(listing.headers.get("content-type")!, /^text\/html/);
  const links = [...listing.text.matchAll(/<a [^>]*href="([^"?]+)"/g)].map(([, href]) => href);
  assert.deepEqual(links.sort(), ["a%20b%20%26%20%3Cc%3E.txt", "docs/", "hello.txt"]);
  assert.ok(!listing.text.includes("<c>"), "names are escaped");
  assert.equal((await get(server, `/${links[0]}`)).text, "odd name");

  assert.equal((await get(server, "/missing")).response.status, 404);
});

/** Targets that lead out of the directory, as a client sends them that does not resolve them. */
const ESCAPES = [
  "/../secret.txt",
  "/docs/../../secret.txt",
  "/%2e%2e/secret.txt",
  "/%2E%2E%2Fsecret.txt",
  "/..%2fsecret.txt",
  "/.%2e/secret.txt",
  "//../secret.txt",
  "/..\\secret.txt",
  "/..%5csecret.txt",
  "/..%00/secret.txt",
  "/%c0%ae%c0%ae/secret.txt",
  "/docs/..;/../../secret.txt",
  "/....//....//secret.txt",
];

Deno.test("ktcp http --dir lets no target out of the directory", async () => {
  await using site = new Site();
  await Deno.symlink(`${site.folder}/secret.txt`, `${site.root}/link.txt`);
  await using server = await launchHttp("--dir", site.root);
  const address = { hostname: "127.0.0.1", port: server.port };
  for (const target of [...ESCAPES, "/link.txt"]) {
    const request = latin1Bytes(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    const { responses: [response] } = await exchange(address, [request], { until: "close" });
    assert.ok([400, 403, 404].includes(response.status), `${response.status} for ${target}`);
    assert.doesNotMatch(response.body, /secret$/);
  }
});

Deno.test({
  name: "ktcp http --dir streams a 50 MiB file whole, in bounded memory",
  ignore: !isLinux,
  async fn() {
    await using site = new Site();
    const path = `${site.root}/large.bin`;
    using file = await Deno.open(path, { write: true, createNew: true });
    for (const block of randomBlocks(LARGE_BYTES)) file.writeSync(block);
    await using server = await launchHttp("--dir", site.root);
    await get(server, "/hello.txt");
    const before = peakResidentBytes(server.process.pid);
    const response = await fetch(`http://${server.address}/large.bin`);
    assert.equal(response.headers.get("content-length"), String(LARGE_BYTES));
    const hash = createHash("sha256");
    for await (const chunk of response.body!) hash.update(chunk);
    assert.equal(hash.digest("hex"), sha256(randomBlocks(LARGE_BYTES)));
    const grownBytes = peakResidentBytes(server.process.pid) - before;
    // The Worker that hashes the file meanwhile takes half of it.
    assert.ok(grownBytes < 32 * MiB, `resident memory grew by ${grownBytes} bytes`);
  },
});

Deno.test("ktcp http finishes a download when it is told to stop", async () => {
  await using site = new Site();
  const path = `${site.root}/large.bin`;
  const bytes = 24 * MiB;
  using file = await Deno.open(path, { write: true, createNew: true });
  for (const block of randomBlocks(bytes)) file.writeSync(block);
  await using server = await launchHttp("--dir", site.root);
  const response = await fetch(`http://${server.address}/large.bin`);
  const reader = response.body!.getReader();
  const hash = createHash("sha256");
  hash.update((await reader.read()).value!);
  server.process.signal("SIGTERM");
  for (let part; !(part = await reader.read()).done;) hash.update(part.value);
  assert.equal(hash.digest("hex"), sha256(randomBlocks(bytes)));
  const { code, err } = await server.process.ended;
  assert.equal(code, 0);
  assert.match(err, /^ktcp http: 1 connections, 1 requests, .* 0 timeouts, 0 errors\n$/);
});

Deno.test("ktcp http closes an idle connection silently after --idle-timeout", async () => {
  await using server = await launchHttp("--idle-timeout", "100ms");
  using conn = await Deno.connect({ port: server.port });
  assert.equal(await conn.read(new Uint8Array(100)), null);
});
