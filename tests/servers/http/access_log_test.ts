import assert from "node:assert/strict";
import { type AccessRecord, clientAddress, logLine } from "../../../servers/http/access_log.ts";

const record: AccessRecord = {
  timeMs: Date.UTC(2026, 10, 21, 23, 39, 45, 318),
  peer: "192.0.2.1",
  method: "GET",
  target: "/a?b=c",
  minorVersion: 1,
  status: 200,
  bodyBytes: 1234,
  durationUs: 56.7,
  user: undefined,
  referer: undefined,
  userAgent: "curl/8",
  forwardedFor: undefined,
};
const common = { format: "common", trustProxy: false } as const;
const json = { format: "json", trustProxy: false } as const;

Deno.test("logLine() writes the Common Log Format", () => {
  assert.equal(
    logLine(record, common),
    '192.0.2.1 - - [21/Nov/2026:23:39:45 +0000] "GET /a?b=c HTTP/1.1" 200 1234\n',
  );
  assert.equal(
    logLine({ ...record, user: "jo", status: 304, bodyBytes: 0, minorVersion: 0 }, common),
    '192.0.2.1 - jo [21/Nov/2026:23:39:45 +0000] "GET /a?b=c HTTP/1.0" 304 -\n',
  );
});

Deno.test("logLine() writes one JSON object", () => {
  assert.deepEqual(JSON.parse(logLine(record, json)), {
    time: "2026-11-21T23:39:45.318Z",
    client: "192.0.2.1",
    user: null,
    method: "GET",
    target: "/a?b=c",
    version: "HTTP/1.1",
    status: 200,
    bytes: 1234,
    durationUs: 57,
    referer: null,
    userAgent: "curl/8",
  });
});

Deno.test("logLine() lets no client forge a line or a terminal sequence", () => {
  const evil = {
    ...record,
    target: '/"\\\n\x1b[2J\x9b\xff',
    user: 'a b"\n',
    userAgent: "\x9b\x7f\n",
  };
  for (const options of [common, json]) {
    const line = logLine(evil, options);
    assert.match(line, /^[\x20-\x7e\xa0-\xff]+\n$/);
    if (options === json) assert.equal(JSON.parse(line).target, evil.target);
    else assert.ok(line.includes('"GET /\\"\\\\\\x0a\\x1b[2J\\x9b\\xff HTTP/1.1"'), line);
  }
});

Deno.test("clientAddress() believes the last forwarded address, and only when told to", () => {
  const cases: [forwardedFor: string | undefined, address: string][] = [
    [undefined, "192.0.2.1"],
    ["203.0.113.9", "203.0.113.9"],
    ["10.0.0.1, 203.0.113.9", "203.0.113.9"],
    ["203.0.113.9:5678", "203.0.113.9"],
    ["2001:db8::1", "2001:db8::1"],
    ["[2001:db8::1]:443", "2001:db8::1"],
    ["[2001:db8::1]", "2001:db8::1"],
    ["unknown", "192.0.2.1"],
    ['" evil', "192.0.2.1"],
    ["", "192.0.2.1"],
  ];
  for (const [forwardedFor, address] of cases) {
    const { peer } = record;
    assert.equal(
      clientAddress({ peer, forwardedFor }, { trustProxy: true }),
      address,
      String(forwardedFor),
    );
    assert.equal(clientAddress({ peer, forwardedFor }, { trustProxy: false }), "192.0.2.1");
  }
});
