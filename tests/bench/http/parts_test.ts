/** The pure parts of the load client: URLs, request bytes, budget, schedule, knee. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { FaultCounts, sumFaults } from "../../../bench/http/faults.ts";
import { layOutRequests, requestBytes } from "../../../bench/http/request.ts";
import { parseHttpUrl } from "../../../bench/http/target.ts";
import { concurrencyKnee, rateKnee } from "../../../bench/http/knee.ts";
import { useClock } from "../../../bench/load/clock.ts";
import { constantRate } from "../../../bench/load/pacer.ts";
import { Budget, Halt, Schedule } from "../../../bench/load/schedule.ts";

const URLS: Record<string, [host: string, port: number, authority: string, target: string]> = {
  "http://localhost:8081/": ["localhost", 8081, "localhost:8081", "/"],
  "localhost:8081": ["localhost", 8081, "localhost:8081", "/"],
  "localhost": ["localhost", 80, "localhost", "/"],
  "localhost/a/b?c=d": ["localhost", 80, "localhost", "/a/b?c=d"],
  "localhost:80?x": ["localhost", 80, "localhost", "/?x"],
  "http://[::1]:81/x": ["::1", 81, "[::1]:81", "/x"],
  "[::1]": ["::1", 80, "[::1]", "/"],
  "HTTP://127.0.0.1/../x#fragment": ["127.0.0.1", 80, "127.0.0.1", "/../x"],
  "https://example.org": ["example.org", 443, "example.org", "/"],
  "https://example.org:80/": ["example.org", 80, "example.org:80", "/"],
  "bücher.example:81/": [
    "xn--bcher-kva.example",
    81,
    "xn--bcher-kva.example:81",
    "/",
  ],
  "[fe80::1%25eth0]:81/": ["fe80::1%eth0", 81, "[fe80::1]:81", "/"],
  "host/ä b/%20": ["host", 80, "host", "/%C3%A4%20b/%20"],
};

for (const [text, expected] of Object.entries(URLS)) {
  Deno.test(`parseHttpUrl() reads ${text}`, () => {
    const { host, port, authority, target } = parseHttpUrl(text);
    assert.deepEqual([host.hostname, port, authority, target], expected);
  });
}

Deno.test("parseHttpUrl() refuses what is no URL, with what to write", () => {
  const wrong = ["", "ftp://x/", "http://", ":80", "host:0", "host:99999", "host:x", "a b/", "[1/"];
  for (const text of wrong) {
    assert.throws(() => parseHttpUrl(text), SyntaxError, text);
  }
});

Deno.test("parseHttpUrl() says what to write in place of a port alone, and of credentials", () => {
  assert.throws(() => parseHttpUrl("8081"), /'8081' is only a number; write localhost:8081/);
  assert.throws(() => parseHttpUrl("http://8081/x"), /write localhost:8081/);
  assert.throws(() => parseHttpUrl("http://me:secret@host/"), /--header 'Authorization: Basic/);
});

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

Deno.test("requestBytes() writes HTTP/1.0 like the C tool, HTTP/1.1 to keep alive", () => {
  const get = { target: "/x?y", host: "h:1", method: "GET", headers: [] };
  assert.equal(text(requestBytes(get, false)), "GET /x?y HTTP/1.0\r\nHost: h:1\r\n\r\n");
  const post = { ...get, method: "POST" };
  assert.equal(
    text(requestBytes(post, true)),
    "POST /x?y HTTP/1.1\r\nHost: h:1\r\nContent-Length: 0\r\n\r\n",
  );
  const body = new TextEncoder().encode("a=b");
  const headers = [["host", "other"], ["A", "b"]] as const;
  assert.equal(
    text(requestBytes({ ...post, body, headers }, true)),
    "POST /x?y HTTP/1.1\r\nhost: other\r\nA: b\r\nContent-Length: 3\r\n\r\na=b",
  );
});

Deno.test("layOutRequests() has every batch in one piece", () => {
  const paths = fc.uniqueArray(fc.stringMatching(/^\/[a-z]{0,5}$/), { minLength: 1, maxLength: 5 });
  fc.assert(fc.property(paths, fc.integer({ min: 1, max: 12 }), (targets, pipeline) => {
    const all = targets.map((target) => ({ target, host: "h", method: "GET", headers: [] }));
    const { bytes, offsets } = layOutRequests(all, true, pipeline);
    for (let first = 0; first < targets.length; first++) {
      for (let count = 1; count <= pipeline; count++) {
        const expected = Array.from(
          { length: count },
          (_, i) => text(requestBytes(all[(first + i) % all.length], true)),
        );
        const batch = bytes.slice(offsets[first], offsets[first + count]);
        assert.equal(text(batch), expected.join(""));
      }
    }
  }));
});

Deno.test("Budget hands out exactly what there is, over all views of it", () => {
  const budget = Budget.create(10);
  const other = new Budget(budget.shared);
  assert.deepEqual([budget.claim(4), other.claim(4), budget.claim(4), other.claim(4)], [
    4,
    4,
    2,
    0,
  ]);
  other.giveBack(3);
  assert.equal(budget.claim(5), 3);
  const endless = Budget.create(0);
  assert.equal(endless.claim(1000), 1000);
  endless.stop(Halt.Abandon);
  endless.stop(Halt.Drain);
  assert.equal(endless.halt, Halt.Abandon);
  assert.equal(endless.claim(1), 0);
});

Deno.test("Schedule ends its window by itself, and knows what was due in it", () => {
  const budget = Budget.create(0);
  const schedule = new Schedule(budget, { pacer: constantRate(1000), durationMs: 20 });
  const { beginUs, endUs } = schedule;
  assert.equal(endUs, beginUs + 20_000);
  assert.equal(schedule.claim(1, endUs - 1), 1);
  assert.equal(schedule.claim(1, endUs), 0);
  assert.deepEqual([schedule.haltAt(endUs - 1), schedule.haltAt(endUs)], [Halt.No, Halt.Drain]);
  assert.equal(budget.halt, Halt.No, "other threads go on");
  assert.equal(schedule.dueBefore(Infinity), 20);
  schedule.end(endUs + 1);
  assert.equal(schedule.dueBefore(Infinity), 20);
  budget.stop(Halt.Drain);
  assert.equal(schedule.haltAt(beginUs + 5000), Halt.Drain);
  assert.deepEqual([schedule.endUs, schedule.dueBefore(Infinity)], [beginUs + 5000, 5]);
});

Deno.test("Schedule: whenever it begins, a start that is due at the end is outside", () => {
  try {
    for (let i = 0; i < 1000; ++i) {
      // Such as 70,000.7: what is added to it, and subtracted again, is not what it was.
      const beginUs = i * 1000.01;
      useClock(() => beginUs);
      const pacer = constantRate(100);
      const schedule = new Schedule(Budget.create(0), { pacer, durationMs: 400 });
      assert.equal(schedule.dueBefore(schedule.endUs), 40, `${beginUs}`);
      assert.equal(schedule.dueBefore(Infinity), 40, `${beginUs}`);
    }
  } finally {
    useClock(() => performance.now() * 1000);
  }
});

Deno.test("FaultCounts counts each failure once, and keeps what came first", () => {
  const faults = new FaultCounts();
  faults.add({ kind: "garbage", reason: "a" }, 2, () => "first");
  faults.add({ kind: "garbage", reason: "a" }, 3, () => "second");
  faults.add({ kind: "reset", reason: "a" }, 1, () => "third");
  for (let i = 0; i < 100; i++) faults.add({ kind: "reset", reason: `${i}` }, 1, () => "x");
  const list = faults.list();
  assert.deepEqual(list[0], { kind: "garbage", reason: "a", count: 5, example: "first" });
  assert.equal(list.reduce((sum, { count }) => sum + count, 0), 106, "none is lost");
  assert.ok(list.length < 70, `${list.length} reasons`);
  const sum = sumFaults([list, list]);
  assert.equal(sum[0].reason, "other reasons", "the most frequent first");
  assert.equal(sum.reduce((total, { count }) => total + count, 0), 212);
});

Deno.test("concurrencyKnee() finds where more connections stop to pay", () => {
  const steps = (...throughputs: number[]) =>
    throughputs.map((throughput, i) => ({ load: 2 ** i, throughput }));
  assert.equal(concurrencyKnee(steps(10, 20, 39, 60, 62, 61)), 8);
  assert.equal(concurrencyKnee(steps(10, 20, 40, 80)), null, "it still grows");
  assert.equal(concurrencyKnee(steps(50, 49, 40)), 1);
  assert.equal(concurrencyKnee(steps(0, 0)), null);
});

Deno.test("rateKnee() finds the last rate that is kept", () => {
  const steps = (...kept: number[]) =>
    kept.map((share, i) => ({ load: 100 * (i + 1), throughput: share * 100 * (i + 1) }));
  assert.equal(rateKnee(steps(1, 0.99, 0.97, 0.8, 0.6)), 300);
  assert.equal(rateKnee(steps(1, 1, 1)), null);
  assert.equal(rateKnee(steps(0.5, 0.3)), null);
});
