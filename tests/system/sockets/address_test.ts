import assert from "node:assert/strict";
import fc from "fast-check";
import {
  formatEndpoint,
  formatPair,
  pairKey,
  parseEndpoint,
  parsePair,
} from "../../../system/sockets/address.ts";
import { formatIpv4, formatIpv6 } from "../../../system/ip.ts";

Deno.test("parseEndpoint() takes and keeps what formatEndpoint() writes", () => {
  const word = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffffffff }));
  const ipv6 = fc.array(word, { minLength: 4, maxLength: 4 }).map(formatIpv6);
  fc.assert(fc.property(
    fc.oneof(word.map(formatIpv4), ipv6),
    fc.integer({ min: 1, max: 65535 }),
    (address, port) => {
      assert.deepEqual(parseEndpoint(formatEndpoint(address, port)), { address, port });
    },
  ));
});

Deno.test("parseEndpoint() normalizes other spellings and drops zones", () => {
  const cases: [string, string, number][] = [
    ["[0:0:0:0:0:0:0:1]:80", "::1", 80],
    ["[2001:DB8::0001]:443", "2001:db8::1", 443],
    ["[::ffff:7f00:1]:1", "::ffff:127.0.0.1", 1],
    ["[::ffff:10.0.0.1]:1", "::ffff:10.0.0.1", 1],
    ["[fe80::1%eth0]:22", "fe80::1", 22],
    ["[fe80::1]%eth0:22", "fe80::1", 22],
    ["127.0.0.1%lo:22", "127.0.0.1", 22],
  ];
  for (const [text, address, port] of cases) {
    assert.deepEqual(parseEndpoint(text), { address, port }, text);
  }
});

Deno.test("parseEndpoint() refuses what is no address with a port", () => {
  const cases = [
    "",
    "127.0.0.1",
    "127.0.0.1:",
    "127.0.0.1:0",
    "127.0.0.1:65536",
    "127.0.0.1:*",
    "127.0.0.1:+1",
    "256.0.0.1:80",
    "1.2.3:80",
    "1.2.3.4.5:80",
    "1.2.3.4.:80",
    "01x.2.3.4:80",
    "localhost:80",
    "::1:80",
    "[::1]",
    "[::1]80",
    "[::g]:80",
    "[1:2:3]:80",
    "[127.0.0.1]:80",
    "[::1]/@[::2]:80",
    "*:80",
  ];
  for (const text of cases) assert.equal(parseEndpoint(text), undefined, text);
});

Deno.test("parsePair() takes a line in the module's form and gives it back", () => {
  const lines = ["127.0.0.1:36986 127.0.0.1:12345", "[::1]:36986 [::1]:12345"];
  for (const line of lines) {
    assert.equal(formatPair(parsePair(line)!), line);
    assert.equal(formatPair(parsePair(`  ${line.replace(" ", "\t  ")}\r`)!), line);
  }
});

Deno.test("parsePair() refuses lines with fewer or more than two addresses", () => {
  for (const line of ["", "127.0.0.1:1", "127.0.0.1:1 127.0.0.1:2 x", "127.0.0.1:1,127.0.0.1:2"]) {
    assert.equal(parsePair(line), undefined, line);
  }
});

Deno.test("pairKey() is equal for an IPv4 pair of an IPv6 socket, different when swapped", () => {
  const key = (line: string) => pairKey(parsePair(line)!);
  assert.equal(
    key("[::ffff:127.0.0.1]:1 [::ffff:127.0.0.1]:2"),
    key("127.0.0.1:1 127.0.0.1:2"),
  );
  assert.notEqual(key("127.0.0.1:1 127.0.0.1:2"), key("127.0.0.1:2 127.0.0.1:1"));
  assert.notEqual(key("[::1]:1 [::1]:2"), key("[::1]:1 [::2]:2"));
});
