/** What a person at a terminal sees of `ktcp http` first, and the directory as an argument. */
import assert from "node:assert/strict";
import { firstLines, urlsOf } from "../../cli/http/first_lines.ts";
import { logLine } from "../../servers/http/access_log.ts";
import { launchServer } from "../support/launch.ts";
import { runMain } from "../support/run_main.ts";

const ADDRESSES = [
  { address: "127.0.0.1", family: "IPv4" },
  { address: "192.0.2.7", family: "IPv4" },
  { address: "::1", family: "IPv6" },
  { address: "fe80::1", family: "IPv6" },
  { address: "2001:db8::7", family: "IPv6" },
] as const;

Deno.test("urlsOf() names each address that leads to the server", () => {
  const cases: [address: string, isTls: boolean, urls: string[]][] = [
    ["127.0.0.1:8081", false, ["http://127.0.0.1:8081/"]],
    ["[::1]:8081", true, ["https://[::1]:8081/"]],
    ["0.0.0.0:80", false, ["http://127.0.0.1:80/", "http://192.0.2.7:80/"]],
    ["[::]:80", false, [
      "http://127.0.0.1:80/",
      "http://192.0.2.7:80/",
      "http://[::1]:80/",
      "http://[2001:db8::7]:80/",
    ]],
    ["unix:/tmp/a:80", false, []],
  ];
  for (const [address, isTls, urls] of cases) {
    assert.deepEqual(urlsOf({ address, isTls }, ADDRESSES), urls, address);
  }
});

Deno.test("firstLines() tells where to click, what is served, and what is hidden", () => {
  const at = { address: "127.0.0.1:8081", isTls: false };
  const dir = { ...at, content: "dir", root: "/srv/www" } as const;
  assert.deepEqual(firstLines(dir, ADDRESSES), [
    "http://127.0.0.1:8081/",
    "the files of /srv/www; dotfiles and links that lead out of it are hidden",
  ]);
  const open = { ...dir, dotfiles: true, followSymlinks: true };
  assert.match(firstLines(open, ADDRESSES)[1], /; nothing is hidden$/);
  assert.match(firstLines({ ...at, content: "hello" }, ADDRESSES)[1], /ktcp http DIR$/);
  const any = firstLines({ ...dir, address: "0.0.0.0:8081" }, ADDRESSES);
  assert.equal(any.length, 3, "an address a line, then the directory");
});

Deno.test("ktcp http DIR serves it, and --dir may say the same", async () => {
  const root = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${root}/a.txt`, "hello");
    for (const args of [[root], [root, "--dir", `${root}/`]]) {
      await using server = await launchServer(["http", ...args, "--model", "single"]);
      const response = await fetch(`http://${server.address}/a.txt`);
      assert.equal(await response.text(), "hello");
    }
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("ktcp http refuses directories that contradict, and options that need one", async () => {
  const cases: [args: string[], message: RegExp][] = [
    [["/a", "--dir", "/b"], /the directory is '\/a', and option '--dir' says '\/b'; name one/],
    [[".", "--echo"], /option '--echo' .* serves no directory; leave out '\.'/],
    [["/nowhere-at-all"], /there is no directory '\/nowhere-at-all'/],
    [["a", "b"], /too many arguments/],
    ...["--spa", "--no-listing", "--dotfiles", "--compress", "--cors"].map(
      (option): [string[], RegExp] => [
        [option],
        new RegExp(`option '${option}' is for files, and no directory .* 'ktcp http DIR'`),
      ],
    ),
    [["--echo", "--auth", "a:b"], /option '--auth' is for files/],
  ];
  for (const [args, message] of cases) {
    const { code, out, err } = await runMain(["http", ...args]);
    assert.deepEqual([code, out], [2, ""], `${args}: ${err}`);
    assert.match(err, message);
  }
});

Deno.test("logLine() in short form fits a terminal and escapes what a client chose", () => {
  const record = {
    timeMs: new Date(2026, 0, 2, 12, 5, 33).getTime(),
    peer: "127.0.0.1",
    method: "GET",
    target: "/a\x1b[31m",
    minorVersion: 1,
    status: 200,
    bodyBytes: 1536,
    durationUs: 340,
    user: undefined,
    referer: undefined,
    userAgent: undefined,
    forwardedFor: undefined,
  };
  const short = { format: "short", trustProxy: false } as const;
  assert.equal(logLine(record, short), "12:05:33 200 GET /a\\x1b[31m 1.5k 0.3ms\n");
  assert.equal(
    logLine({ ...record, status: 404, peer: "192.0.2.9", target: "/" }, { ...short, colour: true }),
    "12:05:33 \x1b[33m404\x1b[0m GET / 1.5k 0.3ms from 192.0.2.9\n",
  );
});
