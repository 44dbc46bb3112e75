/** `--tls-cert` and `--tls-key`: in every model, and what is said of files that cannot work. */
import assert from "node:assert/strict";
import { MODELS } from "../../../servers/mod.ts";
import { launchServer } from "../../support/launch.ts";
import { runMain } from "../../support/run_main.ts";
import { run, withTree } from "./tree.ts";

const data = (name: string) => new URL(`../../data/tls/${name}`, import.meta.url).pathname;
const CERT = data("localhost_cert.pem");
const KEY = data("localhost_key.pem");
const caCerts = [Deno.readTextFileSync(CERT)];

/** Larger than what is kept in memory. */
const LARGE_BYTES = 3 << 20;

for (const model of MODELS) {
  Deno.test(`ktcp http --tls-cert --model ${model} serves files over TLS`, () =>
    withTree({
      "a.txt": "hello",
      "mid.bin": new Uint8Array(100_000).fill(1),
      "large.bin": new Uint8Array(LARGE_BYTES).fill(2),
    }, async (root) => {
      const args = ["http", "--dir", root, "--model", model, "--workers", "2", "--max-active", "4"];
      await using server = await launchServer([...args, "--tls-cert", CERT, "--tls-key", KEY]);
      using client = Deno.createHttpClient({ caCerts });
      const get = (path: string, init: RequestInit = {}) =>
        fetch(`https://localhost:${server.port}${path}`, { ...init, client });
      for (let i = 0; i < 3; ++i) {
        assert.equal(await (await get("/a.txt")).text(), "hello");
        assert.equal((await (await get("/mid.bin")).bytes()).length, 100_000);
      }
      const large = await (await get("/large.bin")).bytes();
      assert.equal(large.length, LARGE_BYTES);
      assert.ok(large.every((byte) => byte === 2));
      const part = await get("/large.bin", { headers: { Range: "bytes=0-9" } });
      assert.equal((await part.bytes()).length, 10);

      // Who does not speak TLS is left, and nobody else notices.
      using plain = await Deno.connect({ port: server.port });
      await plain.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
      const buffer = new Uint8Array(100);
      const count = await plain.read(buffer);
      assert.ok(!new TextDecoder().decode(buffer.subarray(0, count ?? 0)).includes("HTTP"));
      assert.equal(await (await get("/a.txt")).text(), "hello");

      const { code, err } = await server.process.stop();
      assert.equal(code, 0, err);
      assert.ok(!err.includes("internal error"), err);
    }));
}

Deno.test("ktcp http --tls-cert agrees on HTTP/1.1 by ALPN", async () => {
  const args = ["http", "--model", "single", "--tls-cert", CERT, "--tls-key", KEY];
  await using server = await launchServer(args);
  using conn = await Deno.connectTls({
    hostname: "localhost",
    port: server.port,
    caCerts,
    alpnProtocols: ["h2", "http/1.1"],
  });
  assert.equal((await conn.handshake()).alpnProtocol, "http/1.1");
});

/** Keys of which TLS cannot make use, as openssl makes them. */
const UNFIT: Record<string, { newkey: string[]; expected: RegExp }> = {
  rsa1024: {
    newkey: ["rsa:1024"],
    expected: /has 1024 bits, and clients trust only RSA keys of 2048 or more/,
  },
  k256: {
    newkey: ["ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"],
    expected: /is on the curve secp256k1, and TLS has P-256, P-384, P-521/,
  },
  ed448: {
    newkey: ["ed448"],
    expected: /is of the kind ed448|holds no PEM (?:certificate|private key)/,
  },
};

/** Writes a self-signed certificate for localhost and its key to one file, the key first. */
function makePem(path: string, newkey: string[]): void {
  const args = ["req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=localhost"];
  const names = ["-addext", "subjectAltName=DNS:localhost"];
  run("openssl", ...args, ...names, "-newkey", ...newkey, "-keyout", path, "-out", `${path}.crt`);
  Deno.writeTextFileSync(path, Deno.readTextFileSync(`${path}.crt`), { append: true });
}

/** What people have in one file, in any order and among other text. */
const COMBINED: [what: string, parts: (cert: string, key: string) => string[]][] = [
  ["key and certificate", (cert, key) => [key, cert]],
  ["certificate and key", (cert, key) => [cert, key]],
  ["text around them, CRLF", (cert, key) =>
    [
      "Bag Attributes\n  friendlyName: x\n" + cert + "subject=CN = localhost\n",
      key,
    ].map((text) => text.replaceAll("\n", "\r\n"))],
  [
    "another certificate first",
    (cert, key) => [Deno.readTextFileSync(data("cert.pem")), cert, key],
  ],
  ["another key first", (cert, key) => [Deno.readTextFileSync(data("key.pem")), key, cert]],
];

for (const [what, parts] of COMBINED) {
  Deno.test(`ktcp http takes certificate and key from one file: ${what}`, () =>
    withTree({
      "both.pem": parts(Deno.readTextFileSync(CERT), Deno.readTextFileSync(KEY)).join(""),
    }, async (root) => {
      const pem = `${root}/both.pem`;
      const args = ["http", "--model", "single", "--tls-cert", pem, "--tls-key", pem];
      await using server = await launchServer(args);
      using client = Deno.createHttpClient({ caCerts });
      const answer = await fetch(`https://localhost:${server.port}/`, { client });
      assert.equal(await answer.text(), "Hello World!\n");
    }));
}

for (
  const newkey of [
    ["rsa:2048"],
    ["rsa:4096"],
    ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    ["ec", "-pkeyopt", "ec_paramgen_curve:P-384"],
    ["ec", "-pkeyopt", "ec_paramgen_curve:P-521"],
    ["ed25519"],
  ]
) {
  Deno.test(`ktcp http serves TLS with a key of ${newkey.at(-1)}`, () =>
    withTree({}, async (root) => {
      const pem = `${root}/both.pem`;
      makePem(pem, newkey);
      const args = ["http", "--model", "single", "--tls-cert", pem, "--tls-key", pem];
      await using server = await launchServer(args);
      const { success, stdout } = await new Deno.Command("openssl", {
        args: [
          "s_client",
          "-connect",
          `localhost:${server.port}`,
          "-CAfile",
          `${pem}.crt`,
          "-brief",
        ],
        stdin: "null",
        stderr: "piped",
      }).output();
      assert.ok(success, new TextDecoder().decode(stdout));
    }));
}

Deno.test("ktcp http names what is wrong with a certificate or key", () =>
  withTree({ "junk.pem": "no PEM" }, async (root) => {
    for (const [name, { newkey }] of Object.entries(UNFIT)) makePem(`${root}/${name}.pem`, newkey);
    const cases: [args: string[], expected: RegExp][] = [
      [["--tls-cert", CERT], /'--tls-cert' needs '--tls-key/],
      [["--tls-key", KEY], /'--tls-key' needs '--tls-cert/],
      [["--tls-cert", `${root}/none`, "--tls-key", KEY], /'--tls-cert'.*\/none': no such file/],
      [["--tls-cert", CERT, "--tls-key", `${root}/none`], /'--tls-key'.*\/none': no such file/],
      [["--tls-cert", root, "--tls-key", KEY], /'--tls-cert': cannot read/],
      [["--tls-cert", `${root}/junk.pem`, "--tls-key", KEY], /junk\.pem' holds no PEM certificate/],
      [["--tls-cert", KEY, "--tls-key", KEY], /key\.pem' holds no PEM certificate/],
      [["--tls-cert", CERT, "--tls-key", CERT], /cert\.pem' holds no PEM private key/],
      [
        ["--tls-cert", CERT, "--tls-key", data("encrypted_key.pem")],
        /is encrypted; write a plain one/,
      ],
      [["--tls-cert", CERT, "--tls-key", data("key.pem")], /is not the key of a certificate/],
      ...Object.entries(UNFIT).map(([name, { expected }]): [string[], RegExp] => [
        ["--tls-cert", `${root}/${name}.pem`, "--tls-key", `${root}/${name}.pem`],
        expected,
      ]),
      [["--tls-cert", CERT, "--tls-key", KEY, "--unix", `${root}/s`], /cannot be used with/],
    ];
    for (const [args, expected] of cases) {
      const { code, out, err } = await runMain(["http", ...args]);
      assert.deepEqual([code, out], [2, ""], args.join(" "));
      assert.match(err, expected);
      assert.doesNotMatch(err, /\n\s+at /, "no stack trace");
    }
  }));
