/** SIGHUP: certificate, key and log file are read again, and a bad new one keeps the old. */
import assert from "node:assert/strict";
import { launchServer } from "../support/launch.ts";
import { MODELS } from "../../servers/mod.ts";
import { runMain } from "../support/run_main.ts";
import { withTree } from "../servers/files/tree.ts";

const data = (name: string) =>
  Deno.readTextFileSync(new URL(`../data/tls/${name}`, import.meta.url));
const OLD = { cert: data("localhost_cert.pem"), key: data("localhost_key.pem") };

/** A certificate of today for localhost. */
async function newCertificate(): Promise<{ cert: string; key: string }> {
  const dir = await Deno.makeTempDir();
  const args = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3", "-subj", "/CN=new"];
  const names = ["subjectAltName=DNS:localhost,IP:127.0.0.1", "basicConstraints=critical,CA:FALSE"]
    .flatMap((extension) => ["-addext", extension]);
  const out = ["-keyout", `${dir}/key`, "-out", `${dir}/cert`];
  const openssl = new Deno.Command("openssl", {
    args: [...args, ...names, ...out],
    stderr: "null",
  });
  assert.ok((await openssl.output()).success);
  const [cert, key] = ["cert", "key"].map((name) => Deno.readTextFileSync(`${dir}/${name}`));
  await Deno.remove(dir, { recursive: true });
  return { cert, key };
}

// In per-connection the same thread listens, with the same code, as in shared-pool.
for (const model of MODELS.filter((model) => model !== "per-connection")) {
  Deno.test({
    name: `SIGHUP changes the certificate under load without a failed request, ${model}`,
    ignore: Deno.build.os !== "linux",
    fn: () =>
      withTree({ "a.txt": "hello", "tls/cert": OLD.cert, "tls/key": OLD.key }, async (root) => {
        const files = ["--tls-cert", `${root}/tls/cert`, "--tls-key", `${root}/tls/key`];
        const args = ["http", root, "--model", model, "--workers", "2", "--max-active", "4"];
        await using server = await launchServer([...args, ...files]);
        const renewed = await newCertificate();
        const url = `https://localhost:${server.port}/a.txt`;
        let asked = 0;
        /** A request on a connection of its own. */
        const ask = async (caCerts: string[]) => {
          using client = Deno.createHttpClient({ caCerts, poolMaxIdlePerHost: 0 });
          const response = await fetch(url, { client, headers: { Connection: "close" } });
          assert.equal(await response.text(), "hello");
          ++asked;
        };
        let isOver = false;
        const failures: unknown[] = [];
        const load = Array.from({ length: 4 }, async () => {
          while (!isOver && failures.length === 0) {
            await ask([OLD.cert, renewed.cert]).catch((error) => failures.push(error.cause));
          }
        });
        await ask([OLD.cert]);
        // First a bad one: a key that is not the certificate's.
        Deno.writeTextFileSync(`${root}/tls/cert`, renewed.cert);
        server.process.signal("SIGHUP");
        await server.process.untilErr(
          /certificate not changed, the old one stays in use: .*not the key/,
        );
        await ask([OLD.cert]);
        for (const { cert, key } of [renewed, OLD, renewed]) {
          Deno.writeTextFileSync(`${root}/tls/cert`, cert);
          Deno.writeTextFileSync(`${root}/tls/key`, key);
          const before = (await server.process.untilErr(/(.*)/s))[0].split("read again").length;
          server.process.signal("SIGHUP");
          const lines = new RegExp(`(certificate read again\\n[^]*){${before}}`);
          await server.process.untilErr(lines);
          for (let i = 0; i < 5; ++i) await ask([cert]);
        }
        isOver = true;
        await Promise.all(load);
        assert.deepEqual(failures, []);
        assert.ok(asked > 50, `${asked} requests`);
        const { code, err } = await server.process.stop("SIGTERM");
        assert.equal(code, 0, err);
        assert.match(err, / 0 errors\n$/);
      }),
  });
}

Deno.test("SIGHUP opens --log-file anew, and keeps it when that fails", () =>
  withTree({ "site/a.txt": "hello" }, async (folder) => {
    const log = `${folder}/log/access.log`;
    Deno.mkdirSync(`${folder}/log`);
    await using server = await launchServer([
      ...["http", `${folder}/site`, "--model", "single", "--log-file", log],
    ]);
    const ask = async (path: string) => {
      const response = await fetch(`http://${server.address}${path}`);
      await response.body?.cancel();
    };
    const untilLogged = async (file: string, text: string) => {
      while (!Deno.readTextFileSync(file).includes(text)) await ask("/tick");
    };
    await ask("/first");
    await untilLogged(log, "/first");
    Deno.renameSync(log, `${log}.1`);
    server.process.signal("SIGHUP");
    await server.process.untilErr(/log file read again/);
    await ask("/second");
    await untilLogged(log, "/second");
    assert.ok(!Deno.readTextFileSync(`${log}.1`).includes("/second"));
    Deno.renameSync(`${folder}/log`, `${folder}/gone`);
    server.process.signal("SIGHUP");
    await server.process.untilErr(/log file not changed, the old one stays in use: /);
    await ask("/third");
    await untilLogged(`${folder}/gone/access.log`, "/third");
    const lines = Deno.readTextFileSync(`${folder}/gone/access.log`).trimEnd().split("\n");
    for (const line of lines) {
      assert.match(line, /^127\.0\.0\.1 - - \[.*\] "GET .* HTTP\/1\.1" \d+ /);
    }
    const { code, err } = await server.process.stop("SIGTERM");
    assert.equal(code, 0, err);
  }));

Deno.test("without anything to read again SIGHUP ends the server", async () => {
  await using server = await launchServer(["http", "--model", "single"]);
  assert.equal((await server.process.stop("SIGHUP")).code, 0);
});

Deno.test("--log-file says what is wrong", async () => {
  const off = await runMain(["http", "--log-file", "/tmp/x", "--log", "off"]);
  assert.deepEqual([off.code, /'--log off' writes none/.test(off.err)], [2, true], off.err);
  const missing = await runMain(["http", "--log-file", "/nowhere/at/all"]);
  assert.deepEqual(
    [missing.code, /cannot open log file/.test(missing.err)],
    [1, true],
    missing.err,
  );
});

Deno.test("a password comes from a file or the environment", () =>
  withTree({ "site/a.txt": "hello", password: "s3cret\nmore" }, async (folder) => {
    const site = `${folder}/site`;
    const cases: [args: string[], env: Record<string, string>][] = [
      [["--auth", `me:@${folder}/password`], {}],
      [[], { KTCP_AUTH: "me:s3cret" }],
    ];
    for (const [args, env] of cases) {
      await using server = await launchServer(["http", site, "--model", "single", ...args], {
        env,
      });
      const status = async (password: string) => {
        const headers = { Authorization: `Basic ${btoa(`me:${password}`)}` };
        const response = await fetch(`http://${server.address}/a.txt`, { headers });
        await response.body?.cancel();
        return response.status;
      };
      assert.deepEqual([await status("s3cret"), await status("other")], [200, 401]);
    }
    const { code, err } = await runMain(["http", site, "--auth", "me:@/nowhere"]);
    assert.deepEqual([code, /cannot read '\/nowhere'/.test(err)], [2, true], err);
  }));
