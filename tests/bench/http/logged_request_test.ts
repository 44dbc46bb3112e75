import assert from "node:assert/strict";
import { parseLogLine, replaySchedule } from "../../../bench/http/logged_request.ts";
import { type AccessRecord, logLine } from "../../../servers/http/access_log.ts";

const RECORD: AccessRecord = {
  timeMs: Date.UTC(2026, 10, 21, 23, 39, 45, 678),
  peer: "127.0.0.1",
  method: "GET",
  target: '/a"b\xe4\\?c=d',
  minorVersion: 1,
  status: 200,
  bodyBytes: 12,
  durationUs: 34,
  user: undefined,
  referer: "http://x/",
  userAgent: 'curl "8"',
  forwardedFor: undefined,
};

Deno.test("parseLogLine() reads what the access log writes, in both formats", () => {
  const line = (format: "json" | "common") =>
    logLine(RECORD, { format, trustProxy: false }).trimEnd();
  const common = {
    method: "GET",
    target: '/a"b%E4\\?c=d',
  };
  assert.deepEqual(parseLogLine(line("json")), {
    timeMs: RECORD.timeMs,
    isCoarse: false,
    ...common,
    headers: [["Referer", "http://x/"], ["User-Agent", 'curl "8"']],
  });
  assert.deepEqual(parseLogLine(line("common")), {
    timeMs: RECORD.timeMs - 678,
    isCoarse: true,
    ...common,
    headers: [],
  });
});

Deno.test("parseLogLine() reads the combined format, zones, absolute targets and '*'", () => {
  const of = (request: string, time = "21/Nov/2026:23:39:45 +0000") =>
    parseLogLine(`1.2.3.4 - me [${time}] "${request}" 200 - "-" "a \\"b\\""`);
  const found = of("HEAD http://host:1/x?y HTTP/1.1", "22/Nov/2026:01:09:45 +0130");
  assert.deepEqual(found, {
    timeMs: RECORD.timeMs - 678,
    isCoarse: true,
    method: "HEAD",
    target: "/x?y",
    headers: [["User-Agent", 'a "b"']],
  });
  const target = (request: string) => (of(request) as { target: string }).target;
  assert.equal(target("OPTIONS * HTTP/1.1"), "*");
  assert.equal(target("GET http://host HTTP/1.0"), "/");
  assert.equal(target("GET http://host?q HTTP/1.0"), "/?q");
});

const NOT_REPLAYABLE: Record<string, string> = {
  "": "no line of an access log",
  "noise": "no line of an access log",
  "{}": "no line of an access log",
  "{": "no line of an access log",
  "null": "no line of an access log",
  '{"time":"x","method":"GET","target":"/"}': "no line of an access log",
  '{"time":"2026-11-21T23:39:45Z","method":"GE T","target":"/"}': "no line of an access log",
  '{"time":"2026-11-21T23:39:45Z","method":"GET","target":"x"}': "no line of an access log",
  '{"time":"2026-11-21T23:39:45Z","method":"POST","target":"/"}': "content is not in a log",
  '1.2.3.4 - - [21/Nov/2026:23:39:45 +0000] "CONNECT a:1 HTTP/1.1" 400 -': "a tunnel (CONNECT)",
  '1.2.3.4 - - [21/Xyz/2026:23:39:45 +0000] "GET / HTTP/1.1" 200 1': "no line of an access log",
  '1.2.3.4 - - [21/Nov/2026:23:39:45 +0000] "\\x16\\x03" 400 -': "no line of an access log",
};

for (const [line, reason] of Object.entries(NOT_REPLAYABLE)) {
  Deno.test(`parseLogLine() says why '${line}' is not sent again`, () => {
    assert.equal(parseLogLine(line), reason);
  });
}

Deno.test("replaySchedule() sorts, spreads whole seconds, and is as fast as it is told", () => {
  const at = (timeMs: number, target: string, isCoarse = false) => ({
    timeMs,
    target,
    isCoarse,
    method: "GET",
    headers: [],
  });
  const fine = replaySchedule([at(1500, "/b"), at(1000, "/a"), at(1500, "/c")], 2);
  assert.deepEqual(fine.requests.map(({ target }) => target), ["/a", "/b", "/c"]);
  assert.deepEqual([...fine.startsUs], [0, 250_000, 250_000]);
  const coarse = [1000, 1000, 3000, 1000, 1000].map((timeMs) => at(timeMs, "/", true));
  const { startsUs } = replaySchedule(coarse, 1);
  assert.deepEqual([...startsUs], [0, 250_000, 500_000, 750_000, 2_000_000]);
  assert.equal(replaySchedule([], 1).startsUs.length, 0);
});
