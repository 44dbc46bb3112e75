/** `--http-redirect`: http leads to https. */
import assert from "node:assert/strict";
import { HttpsRedirect } from "../../../servers/http/https_redirect.ts";
import type { HttpRequest } from "../../../servers/http/resource.ts";
import { launchServer, run } from "../../support/launch.ts";
import { runMain } from "../../support/run_main.ts";

Deno.test("HttpsRedirect leads to the same place over https, and never elsewhere", () => {
  type Case = [method: string, target: string, host: string, status: number, location?: string];
  const cases: Case[] = [
    ["GET", "/a?b=c", "example.test", 301, "https://example.test:8443/a?b=c"],
    ["HEAD", "/", "example.test:8080", 301, "https://example.test:8443/"],
    ["POST", "/a", "example.test", 308, "https://example.test:8443/a"],
    ["GET", "/a", "[::1]:80", 301, "https://[::1]:8443/a"],
    ["GET", "//evil.test/", "a", 301, "https://a:8443//evil.test/"],
    ["GET", "http://b.test:1/x", "a", 301, "https://b.test:8443/x"],
    ["GET", "http://b.test", "a", 301, "https://b.test:8443/"],
    ["GET", "http://b.test?q", "a", 301, "https://b.test:8443/?q"],
    ["GET", "/", "", 400],
    ["GET", "/", "user@evil.test", 400],
    ["GET", "/", "a/b", 400],
    ["GET", "/\xe9", "a", 400],
  ];
  for (const [method, target, host, status, location] of cases) {
    const request = { method, target, hasDecisiveField: false, field: () => host };
    const answer = new HttpsRedirect(8443).answer(request as HttpRequest);
    const found = answer.fields.find(([name]) => name === "Location")?.[1];
    assert.deepEqual([answer.status, found], [status, location], `${method} ${target} ${host}`);
  }
  const plain = { method: "GET", target: "/", hasDecisiveField: false, field: () => "a" };
  const [, [, location]] = new HttpsRedirect(443).answer(plain).fields;
  assert.equal(location, "https://a/");
});

Deno.test("ktcp http --http-redirect leads http clients to its https port", async () => {
  const args = ["http", "--model", "single", "--tls-self-signed", "--http-redirect", "0"];
  await using server = await launchServer(args);
  const [, port] = await server.process.untilErr(/http:\/\/127\.0\.0\.1:(\d+)\/ is redirected/);
  const response = await fetch(`http://localhost:${port}/a`, { redirect: "manual" });
  await response.body?.cancel();
  assert.deepEqual(
    [response.status, response.headers.get("location")],
    [301, `https://localhost:${server.port}/a`],
  );
  assert.equal((await server.process.stop("SIGTERM")).code, 0);
});

Deno.test("--http-redirect says what is wrong", async () => {
  const plain = await runMain(["http", "--http-redirect", "8080"]);
  assert.deepEqual([plain.code, /redirects to HTTPS; add '--tls/.test(plain.err)], [2, true]);
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  for (const option of ["--http-redirect", "--metrics"]) {
    const args = [
      "http",
      "--port",
      "0",
      "--model",
      "single",
      "--tls-self-signed",
      option,
      `${port}`,
    ];
    const { code, err } = await run(args);
    assert.equal(code, 1, err);
    assert.match(err, new RegExp(`cannot listen on 127.0.0.1:${port}: .* another ${option}`));
  }
});
