/** `ktcp http --dir` as a process: its log, its addresses, and its options. */
import assert from "node:assert/strict";
import { launchServer } from "../../support/launch.ts";
import { FileClient } from "../../support/file_server.ts";
import { runMain } from "../../support/run_main.ts";
import { withTree } from "./tree.ts";

const TREE = { "a.txt": "hello", "index.html": "<p>", "large.bin": new Uint8Array(2 << 20) };

for (const model of ["single", "per-core", "shared-pool", "per-connection"]) {
  Deno.test(`ktcp http --log common --model ${model} has written every line when it ends`, () =>
    withTree(TREE, async (root) => {
      const args = ["http", "--dir", root, "--log", "common", "--model", model, "--workers", "2"];
      await using server = await launchServer([...args, "--max-active", "4"]);
      {
        await using client = await FileClient.connect({ hostname: "127.0.0.1", port: server.port });
        await client.ask("/a.txt");
        await client.ask("/large.bin", { fields: { Range: "bytes=0-1999999" } });
        await client.ask('/miss%22ing"\\', { method: "HEAD" });
        await client.ask("/", { fields: { "If-None-Match": "*" } });
      }
      // Also before it ends, as nobody is connected any more.
      await server.process.untilErr(/ 304 /);
      const { code, err } = await server.process.stop();
      assert.equal(code, 0);
      const time = String.raw`\[\d\d\/\w{3}\/\d{4}:\d\d:\d\d:\d\d \+0000\]`;
      const lines = err.trimEnd().split("\n").filter((line) => !line.startsWith("ktcp http:"));
      const expected = [
        `^127\\.0\\.0\\.1 - - ${time} "GET /a\\.txt HTTP/1\\.1" 200 5$`,
        `^127\\.0\\.0\\.1 - - ${time} "GET /large\\.bin HTTP/1\\.1" 206 2000000$`,
        `^127\\.0\\.0\\.1 - - ${time} "HEAD /miss%22ing\\\\"\\\\\\\\ HTTP/1\\.1" 40\\d -$`,
        `^127\\.0\\.0\\.1 - - ${time} "GET / HTTP/1\\.1" 304 -$`,
      ];
      assert.equal(lines.length, expected.length, err);
      expected.forEach((pattern, at) => assert.match(lines[at], new RegExp(pattern)));
    }));
}

Deno.test("ktcp http --log json --trust-proxy names the client of the last proxy", () =>
  withTree(TREE, async (root) => {
    const args = ["http", "--dir", root, "--model", "single", "--log", "json", "--trust-proxy"];
    await using server = await launchServer(args);
    const fields = {
      "X-Forwarded-For": "10.0.0.1, 192.0.2.7",
      "User-Agent": 'quo"te',
      "Authorization": `Basic ${btoa("ann:secret")}`,
    };
    {
      await using client = await FileClient.connect({ hostname: "127.0.0.1", port: server.port });
      await client.ask("/a.txt", { fields });
    }
    const { err } = await server.process.stop();
    const record = JSON.parse(err.split("\n")[0]);
    assert.ok(Math.abs(Date.parse(record.time) - Date.now()) < 60_000);
    assert.ok(record.durationUs >= 0);
    delete record.time;
    delete record.durationUs;
    assert.deepEqual(record, {
      client: "192.0.2.7",
      user: "ann",
      method: "GET",
      target: "/a.txt",
      version: "HTTP/1.1",
      status: 200,
      bytes: 5,
      referer: null,
      userAgent: 'quo"te',
    });
    assert.ok(!err.includes("secret"));
  }));

Deno.test("ktcp http --dir keeps the log of a running download until it is over", () =>
  withTree(TREE, async (root) => {
    await using server = await launchServer(["http", "--dir", root, "--log", "common"]);
    await using client = await FileClient.connect({ hostname: "127.0.0.1", port: server.port });
    await client.ask("/large.bin");
    // While the connection stays open and idle: written at a tick.
    await server.process.untilErr(/"GET \/large\.bin HTTP\/1\.1" 200 2097152\n/);
  }));

for (const [host, expected] of [["::1", /^\[::1\]:\d+$/], ["127.0.0.1", /^127\.0\.0\.1:\d+$/]]) {
  for (const model of ["per-core", "single"]) {
    Deno.test(`ktcp http --host ${host} --model ${model} serves files there`, () =>
      withTree(TREE, async (root) => {
        const args = ["http", "--dir", root, "--host", `${host}`, "--model", model];
        await using server = await launchServer(args);
        assert.match(server.address, expected as RegExp);
        const response = await fetch(`http://${server.address}/a.txt`);
        assert.equal(await response.text(), "hello");
      }));
  }
}

for (const model of ["per-core", "single", "shared-pool", "per-connection"]) {
  Deno.test(`ktcp http --unix --model ${model} serves files on a socket file`, {
    ignore: Deno.build.os === "windows",
  }, () =>
    withTree(TREE, async (root) => {
      const path = `${root}/socket`;
      const args = ["http", "--dir", root, "--unix", path, "--model", model];
      await using server = await launchServer(args);
      assert.equal(server.address, `unix:${path}`);
      const { stdout } = await new Deno.Command("curl", {
        args: [
          "-sS",
          "--unix-socket",
          path,
          "http://localhost/a.txt",
          "http://localhost/large.bin",
        ],
      }).output();
      assert.equal(stdout.length, 5 + (2 << 20));
      await server.process.stop();
      assert.throws(() => Deno.lstatSync(path), Deno.errors.NotFound);
    }));
}

Deno.test("ktcp http --dir explains options that cannot be used", () =>
  withTree({ "a.txt": "x" }, async (root) => {
    const cases: [args: string[], expected: RegExp][] = [
      [["--dir", `${root}/none`], /'--dir': there is no directory/],
      [["--dir", `${root}/a.txt`], /'--dir': .* is not a directory/],
      [["--dir", `${root}/${"x".repeat(300)}`], /'--dir': cannot read '.*': /],
      ...(Deno.build.os === "linux"
        ? ["/proc", "/proc/self", "/sys", "/dev/pts"].map((path): [string[], RegExp] => [
          ["--dir", path],
          /'--dir': '.*' belongs to the kernel .*; name a directory of ordinary files/,
        ])
        : []),
      [["--dir", root, "--echo"], /cannot be used with/],
      [["--dir", root, "--index", "a/b"], /--index: "a\/b" is not a file name/],
      [["--dir", root, "--cache-control", "a\nb"], /--cache-control: .* is not a field value/],
      [["--dir", root, "--cors", "https://x/path"], /--cors: .* is not an origin/],
      [["--dir", root, "--header", "no colon"], /no colon; write 'Name: value'/],
      [["--dir", root, "--header", "Bad Name: x"], /is not a field name/],
      [["--dir", root, "--header", "X: a\r\nY: b"], /is not a field value/],
      [["--dir", root, "--header", "Content-Length: 1"], /set by the server itself/],
      [["--dir", root, "--auth", "nobody"], /write user:password/],
      [["--dir", root, "--cache", "lots"], /write it like 4096, 64k or 1m/],
      [["--dir", root, "--log", "xml"], /'xml' is invalid; choices: short, common, json, off/],
    ];
    for (const [args, expected] of cases) {
      const { code, out, err } = await runMain(["http", "--port", "0", ...args]);
      assert.deepEqual([code, out], [2, ""], `${args.join(" ")}: ${err}`);
      assert.match(err, expected);
    }
  }));

Deno.test("ktcp http --help names every option of the static server", async () => {
  const { out } = await runMain(["http", "--help"]);
  const options = "dir index spa clean-urls no-listing dotfiles follow-symlinks compress " +
    "cache-control cors header auth tls-cert tls-key unix host log trust-proxy cache";
  for (const name of options.split(" ")) assert.match(out, new RegExp(` --${name}\\b`), name);
});
