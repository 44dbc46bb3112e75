import assert from "node:assert/strict";
import fc from "fast-check";
import { Cache } from "../../../servers/files/cache.ts";
import { contentTag } from "../../../servers/files/content_tag.ts";
import { factsTag, isSettled, sameFacts } from "../../../servers/files/etag.ts";

Deno.test("Cache evicts what was used longest ago", () => {
  const cache = new Cache<string>(30);
  for (const key of ["a", "b", "c"]) cache.set(key, key.toUpperCase(), { bytes: 10 });
  assert.equal(cache.get("a"), "A");
  cache.set("d", "D", { bytes: 10 });
  assert.equal(cache.get("b"), undefined);
  assert.deepEqual(["a", "c", "d"].map((key) => cache.get(key)), ["A", "C", "D"]);
  cache.set("e", "E", { bytes: 25 });
  assert.deepEqual([cache.size, cache.bytes], [1, 25]);
});

Deno.test("Cache keeps nothing heavier than itself, and forgets the old value under that key", () => {
  const cache = new Cache<string>(10);
  cache.set("a", "old", { bytes: 1 });
  cache.set("a", "new", { bytes: 11 });
  assert.equal(cache.get("a"), undefined);
  assert.equal(cache.bytes, 0);
  const none = new Cache<string>(0);
  none.set("a", "x", { bytes: 1 });
  assert.equal(none.size, 0);
});

Deno.test("Cache never holds more than its capacity and counts exactly", () => {
  const operation = fc.record({
    key: fc.constantFrom(..."abcdef"),
    bytes: fc.nat(40),
    drop: fc.boolean(),
  });
  fc.assert(fc.property(fc.array(operation), (operations) => {
    const cache = new Cache<number>(100);
    for (const { key, bytes, drop } of operations) {
      if (drop) cache.delete(key);
      else cache.set(key, bytes, { bytes });
      let sum = 0;
      for (const one of "abcdef") sum += cache.get(one) ?? 0;
      assert.equal(sum, cache.bytes);
      assert.ok(cache.bytes <= 100);
    }
  }));
});

const text = new TextEncoder().encode("some text");

const facts = { dev: 1, ino: 2, size: 3, mtimeMs: 1_000_500, ctimeMs: 1_000_000 };

Deno.test("factsTag() is strong only when the last second is over", () => {
  assert.equal(isSettled(facts, 1_001_000), false);
  assert.equal(isSettled(facts, 1_002_000), true);
  const weak = factsTag(facts, 1_001_000);
  const strong = factsTag(facts, 1_002_000);
  assert.match(weak, /^W\/"[0-9a-z-]+"$/);
  assert.equal(weak, "W/" + strong);
});

Deno.test("factsTag() differs when any fact differs", () => {
  const tags = new Set([factsTag(facts, 2e6)]);
  for (const key of ["dev", "ino", "size", "mtimeMs", "ctimeMs"] as const) {
    const changed = { ...facts, [key]: facts[key] + 1 };
    assert.ok(!sameFacts(facts, changed), key);
    tags.add(factsTag(changed, 2e6));
  }
  assert.equal(tags.size, 6);
});

Deno.test("contentTag() depends on the bytes alone", () => {
  assert.match(contentTag(text), /^"[\w-]{22}"$/);
  assert.equal(contentTag(text), contentTag(text.slice()));
  assert.notEqual(contentTag(text), contentTag(text.subarray(1)));
});
