import assert from "node:assert/strict";
import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from "../../system/ip.ts";

Deno.test("formatIpv6() writes RFC 5952 form", () => {
  const cases: [number[], string][] = [
    [[0, 0, 0, 0], "::"],
    [[0, 0, 0, 1], "::1"],
    [[0x20010db8, 0, 0, 1], "2001:db8::1"],
    [[0x20010db8, 0x00000001, 0x00010001, 0x00010001], "2001:db8:0:1:1:1:1:1"],
    [[0x20010db8, 0, 0x00010000, 0x00000001], "2001:db8::1:0:0:1"],
    [[0xfe800000, 0, 0, 0], "fe80::"],
    [[0, 0, 0xffff, 0x7f000001], "::ffff:127.0.0.1"],
    [[0x00010002, 0x00030004, 0x00050006, 0x00070008], "1:2:3:4:5:6:7:8"],
  ];
  for (const [words, text] of cases) assert.equal(formatIpv6(words), text);
});

Deno.test("parseIpv6() and parseIpv4() take any spelling and refuse what is no address", () => {
  const cases: [string, string | undefined][] = [
    ["0:0:0:0:0:0:0:1", "::1"],
    ["2001:DB8::0001", "2001:db8::1"],
    ["::ffff:10.0.0.1", "::ffff:10.0.0.1"],
    ["1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"],
    ["1::8", "1::8"],
    ["::", "::"],
    ["1:2:3", undefined],
    ["::g", undefined],
    ["fe80::1%eth0", undefined],
    ["127.0.0.1", undefined],
  ];
  for (const [text, expected] of cases) {
    const words = parseIpv6(text);
    assert.equal(words && formatIpv6(words), expected, text);
  }
  assert.equal(parseIpv4("127.0.0.1"), 0x7f000001);
  assert.equal(parseIpv4("255.255.255.255"), 0xffffffff);
  for (const text of ["", "1.2.3", "256.1.1.1", "1.2.3.4.5", "localhost", "::1"]) {
    assert.equal(parseIpv4(text), undefined, text);
  }
  assert.equal(formatIpv4(0xffffffff), "255.255.255.255");
});
