import assert from "node:assert/strict";
import { readHost } from "../../system/host.ts";
import { encodeTcpAddress } from "../../system/linux/sockaddr.ts";
import { resolveHost } from "../../system/resolve.ts";
import { isThisMachine } from "../../system/this_machine.ts";

const HOSTS: Record<string, [hostname: string, field: string, isAddress: boolean]> = {
  "localhost": ["localhost", "localhost", false],
  "Example.ORG.": ["Example.ORG.", "Example.ORG.", false],
  "my_service": ["my_service", "my_service", false],
  "bücher.example": ["xn--bcher-kva.example", "xn--bcher-kva.example", false],
  "faß.de": ["xn--fa-hia.de", "xn--fa-hia.de", false],
  "127.0.0.1": ["127.0.0.1", "127.0.0.1", true],
  "[::1]": ["::1", "[::1]", true],
  "::1": ["::1", "[::1]", true],
  "[fe80::1%25eth0]": ["fe80::1%eth0", "[fe80::1]", true],
  "[fe80::1%eth0]": ["fe80::1%eth0", "[fe80::1]", true],
};

for (const [text, expected] of Object.entries(HOSTS)) {
  Deno.test(`readHost() reads ${text}`, () => {
    const { hostname, field, isAddress } = readHost(text);
    assert.deepEqual([hostname, field, isAddress], expected);
  });
}

const NO_HOSTS: Record<string, RegExp> = {
  "8081": /'8081' is only a number; write localhost:8081/,
  "2130706433": /another way to write 127\.0\.0\.1; write that/,
  "127.1": /another way to write 127\.0\.0\.1/,
  "0x7f.1": /another way to write 127\.0\.0\.1/,
  "0177.0.0.1": /another way to write 127\.0\.0\.1/,
  "１２７.0.0.1": /another way to write 127\.0\.0\.1/,
  "127.0.0.1.": /another way to write 127\.0\.0\.1/,
  "1.2.3.4.5": /Not a host name/,
  "me@host": /Not a host name/,
  "a b": /Not a host name/,
  "": /Not a host name/,
  "[::1": /Not an IPv6 address/,
  "[1]": /Not an IPv6 address/,
  "[fe80::1]": /needs the zone.*\[fe80::1%25eth0\]/,
  "[fe80::1%25]": /Not an IPv6 address/,
  "[::1%25lo]": /only link-local addresses have; write \[::1\]/,
};

for (const [text, expected] of Object.entries(NO_HOSTS)) {
  Deno.test(`readHost() refuses '${text}', with what to write`, () => {
    assert.throws(() => readHost(text), expected);
  });
}

Deno.test("resolveHost() keeps the order, drops repetitions, and filters by family", async () => {
  const lookUp = () => Promise.resolve(["::1", "127.0.0.2", "127.0.0.9", "127.0.0.2"]);
  const host = readHost("a.test");
  assert.deepEqual(await resolveHost(host, { lookUp }), ["::1", "127.0.0.2", "127.0.0.9"]);
  assert.deepEqual(await resolveHost(host, { lookUp, family: 6 }), ["::1"]);
  assert.deepEqual(await resolveHost(host, { lookUp, family: 4 }), ["127.0.0.2", "127.0.0.9"]);
  const none = () => Promise.reject(new Error("ENOTFOUND"));
  await assert.rejects(
    resolveHost(readHost("bücher.test"), { lookUp: none, where: " in x" }),
    /Cannot find an address of 'bücher\.test' in x; check the name/,
  );
  await assert.rejects(resolveHost(readHost("127.0.0.1"), { family: 6 }), /an IPv6 address of/);
  await assert.rejects(
    resolveHost(readHost("[fe80::1%25nosuch0]")),
    /no interface 'nosuch0' has link-local addresses; those that have: /,
  );
});

Deno.test("isThisMachine() knows loopback, the unspecified and own addresses", () => {
  const interfaces = [{ address: "192.0.2.7" }, { address: "fd00::2" }, { address: "fe80::2" }];
  const own = [
    "127.0.0.1",
    "127.9.9.9",
    "::1",
    "::ffff:127.0.0.1",
    "0.0.0.0",
    "::",
    "192.0.2.7",
    "::ffff:192.0.2.7",
    "fd00:0::2",
    "fe80::2%3",
  ];
  for (const address of own) assert.ok(isThisMachine(address, interfaces), address);
  for (const address of ["192.0.2.8", "fd00::3", "128.0.0.1", "::2"]) {
    assert.ok(!isThisMachine(address, interfaces), address);
  }
});

Deno.test("encodeTcpAddress() writes the zone of a link-local address as its scope", () => {
  const view = new DataView(encodeTcpAddress("fe80::1%4", 80).buffer);
  assert.deepEqual([view.getUint16(8), view.getUint32(24, true)], [0xfe80, 4]);
  assert.equal(new DataView(encodeTcpAddress("::1", 80).buffer).getUint32(24, true), 0);
  assert.throws(() => encodeTcpAddress("fe80::1%eth0", 80), TypeError);
});
