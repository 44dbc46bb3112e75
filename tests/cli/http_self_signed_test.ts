/** `--tls-self-signed`: a certificate for this machine's names, of which the fingerprint is told. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { connect } from "node:tls";
import { ownNames } from "../../cli/http/self_signed.ts";
import { launchServer } from "../support/launch.ts";
import { runMain } from "../support/run_main.ts";

/** The certificate that the server at `port` shows, and what it answers over it. */
async function visit(port: number): Promise<{ certificate: X509Certificate; answer: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<X509Certificate>();
  const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
    resolve(new X509Certificate(socket.getPeerCertificate().raw));
  });
  socket.on("error", reject);
  const certificate = await promise;
  socket.destroy();
  using client = Deno.createHttpClient({ caCerts: [certificate.toString()] });
  const answers = await Promise.all(["localhost", "127.0.0.1", "[::1]"].map(async (name) => {
    // Only the name is checked here: the server listens on one address.
    if (name === "[::1]") return certificate.checkIP("::1") ?? "";
    return await (await fetch(`https://${name}:${port}/`, { client })).text();
  }));
  assert.equal(answers[2], "::1");
  assert.equal(answers[0], answers[1]);
  return { certificate, answer: answers[0] };
}

Deno.test("ktcp http --tls-self-signed shows the certificate whose fingerprint it tells", async () => {
  await using server = await launchServer(["http", "--model", "single", "--tls-self-signed"]);
  const [, names, fingerprint] = await server.process.untilErr(
    /self-signed certificate for (.*); SHA-256 ([0-9A-F:]{95})\n/,
  );
  assert.equal(names, "localhost, 127.0.0.1, ::1");
  const { certificate, answer } = await visit(server.port);
  assert.equal(certificate.fingerprint256, fingerprint);
  assert.match(answer, /^Hello World!/);
  const days = (certificate.validToDate.getTime() - Date.now()) / 86_400_000;
  assert.ok(days > 89 && days <= 90, `${days} days`);
  assert.equal((await server.process.stop("SIGTERM")).code, 0);
});

Deno.test("ownNames() has loopback, the host, and for any address those of this machine", () => {
  const addresses = [{ address: "127.0.0.1", family: "IPv4" as const }, {
    address: "192.0.2.7",
    family: "IPv4" as const,
  }];
  const LOOPBACK = ["localhost", "127.0.0.1", "::1"];
  const cases: [host: string, others: string[]][] = [
    ["127.0.0.1", []],
    ["localhost", []],
    ["::1", []],
    ["192.0.2.9", ["192.0.2.9"]],
    ["example.test", ["example.test"]],
    ["0.0.0.0", ["192.0.2.7"]],
    ["::", ["192.0.2.7"]],
  ];
  for (const [host, others] of cases) {
    assert.deepEqual(ownNames(host, addresses), [...LOOPBACK, ...others], host);
  }
});

Deno.test("--tls-self-signed stands alone", async () => {
  for (const other of ["--tls-cert", "--tls-key", "--unix"]) {
    const { code, err } = await runMain(["http", "--tls-self-signed", other, "x"]);
    assert.deepEqual([code, err.includes(other)], [2, true], err);
  }
});
