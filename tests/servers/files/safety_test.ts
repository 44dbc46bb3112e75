/** What must never be served, at the socket. */
import assert from "node:assert/strict";
import { exchange } from "../../../bench/check/http/raw_client.ts";
import { FileClient, requestBytes, type Tree, withFiles } from "../../support/file_server.ts";
import { run } from "./tree.ts";

const TREE: Tree = {
  "www/a.txt": "inside",
  "www/.env": "SECRET",
  "www/.git/config": "SECRET",
  "www/.well-known/.x": "SECRET",
  "www/d/.well-known/x": "SECRET",
  "www/sub/b.txt": "b",
  "www/back\\slash": "odd",
  "secret.txt": "SECRET",
  "out/secret.txt": "SECRET",
};

/** Serves `www` of a tree in which links and special files stand too. */
function withTraps(
  options: { dotfiles?: boolean; followSymlinks?: boolean },
  use: (ask: (target: string) => Promise<{ status: number; body: string }>) => Promise<void>,
): Promise<void> {
  return withFiles(TREE, {}, async ({ root: base }) => {
    const root = `${base}/www`;
    Deno.symlinkSync("../secret.txt", `${root}/out-file`);
    Deno.symlinkSync("../out", `${root}/out-dir`);
    Deno.symlinkSync(`${base}/secret.txt`, `${root}/absolute`);
    Deno.symlinkSync("/dev/zero", `${root}/device`);
    Deno.symlinkSync("a.txt", `${root}/in-link`);
    Deno.symlinkSync("sub", `${root}/in-dir`);
    Deno.symlinkSync("loop", `${root}/loop`);
    run("mkfifo", `${root}/fifo`);
    using socket = Deno.listen({ transport: "unix", path: `${root}/socket` });
    assert.ok(socket);
    await withFiles({}, { root, ...options }, async ({ ask }) => await use(ask));
  });
}

Deno.test("ktcp http --dir serves nothing that is hidden, outside, or no file", () =>
  withTraps({}, async (ask) => {
    const cases: [target: string, status: number | number[]][] = [
      ["/a.txt", 200],
      ["/in-link", 200],
      ["/in-dir/b.txt", 200],
      ["/.env", 404],
      ["/.git/config", 404],
      ["/.well-known/.x", 404],
      ["/d/.well-known/x", 404],
      ["/%2eenv", 404],
      ["/out-file", 404],
      ["/out-dir/secret.txt", 404],
      ["/out-dir/", 404],
      ["/out-dir", 404],
      ["/absolute", 404],
      ["/loop", 404],
      // At once: a FIFO without writer blocks who opens it.
      ["/fifo", 404],
      ["/socket", 404],
      ["/device", 404],
      ["/../secret.txt", 400],
      ["/%2e%2e/secret.txt", 400],
      ["/..%2fsecret.txt", 400],
      ["/sub/../../secret.txt", 400],
      ["/sub/..", 400],
      ["/a.txt%00.html", 400],
      ["/sub%2fb.txt", 400],
      ["/..%5csecret.txt", 400],
      ["/sub\\b.txt", 400],
      ["/back%5Cslash", 400],
      ["/%", 400],
      ["/%zz", 400],
      ["/%a", 400],
      ["/%c0%ae%c0%ae/secret.txt", 400],
      ["/%c0%af", 400],
      ["/%e0%80%af", 400],
      ["/%ff", 400],
      ["/%ed%a0%80", 400],
      ["/%252e%252e/secret.txt", 404],
      ["/" + "x".repeat(300), 404],
      ["/" + "x/".repeat(3000), 404],
      ["//../secret.txt", 400],
      ["http://host/../secret.txt", 400],
    ];
    for (const [target, status] of cases) {
      const startMs = performance.now();
      const answer = await ask(target);
      assert.equal(answer.status, status, target.slice(0, 50));
      assert.ok(!answer.body.includes("SECRET"), target);
      assert.ok(performance.now() - startMs < 1000, `${target} is answered at once`);
    }
    const { body } = await ask("/");
    for (const name of ["out-file", "out-dir", "absolute", "fifo", "socket", "device", ".env"]) {
      assert.ok(!body.includes(`<bdi>${name}<`), `the listing does not name ${name}`);
    }
  }));

Deno.test("ktcp http --dotfiles and --follow-symlinks let in what they name", async () => {
  await withTraps({ dotfiles: true }, async (ask) => {
    assert.equal((await ask("/.env")).body, "SECRET");
    assert.equal((await ask("/out-file")).status, 404);
    assert.match((await ask("/")).body, /<bdi>\.env<\/bdi>/);
  });
  await withTraps({ followSymlinks: true }, async (ask) => {
    assert.equal((await ask("/out-file")).body, "SECRET");
    assert.equal((await ask("/out-dir/secret.txt")).body, "SECRET");
    assert.equal((await ask("/.env")).status, 404);
    assert.equal((await ask("/device")).status, 404, "a device is no file");
  });
});

Deno.test("ktcp http --dir answers 403 for what it may not read", {
  ignore: Deno.uid() === 0,
}, () =>
  withFiles({ "a.txt": "x", "d/b.txt": "x" }, {}, async ({ root, ask }) => {
    Deno.chmodSync(`${root}/a.txt`, 0);
    Deno.chmodSync(`${root}/d`, 0);
    try {
      assert.equal((await ask("/a.txt")).status, 403);
      assert.equal((await ask("/d/")).status, 403);
      assert.equal((await ask("/d/b.txt")).status, 403);
    } finally {
      Deno.chmodSync(`${root}/d`, 0o755);
    }
  }));

/** Larger than what socket buffers take: the rest is read after the change. */
const LARGE_BYTES = 64 << 20;

for (const range of [undefined, "bytes=1000-", "bytes=0-9,1000000-"]) {
  Deno.test(`ktcp http --dir cuts off when a file is truncated while it is sent (${range})`, () =>
    withFiles({}, {}, async ({ root, address }) => {
      Deno.createSync(`${root}/large`).close();
      Deno.truncateSync(`${root}/large`, LARGE_BYTES);
      using conn = await Deno.connect(address);
      const fields: Record<string, string> = range === undefined ? {} : { Range: range };
      await conn.write(requestBytes("/large", { fields }));
      const buffer = new Uint8Array(65536);
      let received = (await conn.read(buffer))!;
      const head = new TextDecoder().decode(buffer.subarray(0, received));
      const length = Number(/Content-Length: (\d+)/.exec(head)![1]);
      assert.ok(length > LARGE_BYTES / 2);
      Deno.truncateSync(`${root}/large`, 100);
      for (let count; (count = await conn.read(buffer)) !== null;) received += count;
      assert.ok(received < length, `${received} bytes, then the end`);
    }));
}

Deno.test("ktcp http --dir finishes the file it has opened when another takes its place", () =>
  withFiles({ "large": new Uint8Array(LARGE_BYTES).fill(97) }, {}, async ({ root, address }) => {
    using conn = await Deno.connect(address);
    await conn.write(requestBytes("/large"));
    const buffer = new Uint8Array(65536);
    let received = (await conn.read(buffer))!;
    const headLength = new TextDecoder("latin1").decode(buffer).indexOf("\r\n\r\n") + 4;
    Deno.writeFileSync(`${root}/new`, new Uint8Array(10).fill(98));
    Deno.renameSync(`${root}/new`, `${root}/large`);
    while (received < headLength + LARGE_BYTES) {
      const count = await conn.read(buffer);
      assert.ok(count !== null, "the announced length is sent");
      received += count;
      assert.equal(buffer[count - 1], 97);
    }
    await using other = await FileClient.connect(address);
    assert.equal((await other.ask("/large")).body, "b".repeat(10));
  }));

Deno.test("ktcp http --dir cuts the lines that a name could forge", () =>
  withFiles({ "www/x": "x" }, {}, async ({ address }) => {
    const attack = requestBytes("/www%0d%0aSet-Cookie:%20x");
    const { responses } = await exchange(address, [attack], { until: 1 });
    assert.ok(responses[0].fields.every(([name]) => name !== "set-cookie"));
  }));
