/** Both languages say the same things. */
import assert from "node:assert/strict";
import { en } from "../../../play/page/i18n/en.ts";
import { fill, type MessageKey } from "../../../play/page/i18n/mod.ts";
import { zhTw } from "../../../play/page/i18n/zh_tw.ts";

const KEYS = Object.keys(en) as MessageKey[];

const valuesIn = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();

Deno.test("texts: both languages have the same ones, with the same values in them", () => {
  assert.deepEqual(Object.keys(zhTw).sort(), KEYS.toSorted());
  for (const key of KEYS) {
    assert.notEqual(zhTw[key].trim(), "", key);
    assert.deepEqual(valuesIn(zhTw[key]), valuesIn(en[key]), key);
  }
});

Deno.test("texts: sentences are translated", () => {
  // A sentence ends with a point; words like p99, echo or TIME-WAIT are the same in both.
  const sentences = KEYS.filter((key) => /[a-z]{2} [a-z]{2,}.*\.$/.test(en[key]));
  assert.ok(sentences.length > 30);
  assert.deepEqual(sentences.filter((key) => !/\p{Script=Han}/u.test(zhTw[key])), []);
});

Deno.test("fill(): puts values in, and leaves what has none", () => {
  assert.equal(fill("{a} of {b}, {c}", { a: 1, b: "two" }), "1 of two, {c}");
});
