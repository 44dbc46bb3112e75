import assert from "node:assert/strict";
import { everyByte, everySplit, pieces, singleCuts } from "../../../bench/check/cuts.ts";

const bytes = Uint8Array.of(1, 2, 3, 4, 5);
const cut = (...cuts: number[]) => pieces(bytes, cuts).map((piece) => [...piece]);

Deno.test("pieces() cuts at the offsets and ignores those outside", () => {
  assert.deepEqual(cut(), [[1, 2, 3, 4, 5]]);
  assert.deepEqual(cut(2), [[1, 2], [3, 4, 5]]);
  assert.deepEqual(cut(-3, 0, 1, 1, 4, 5, 9), [[1], [2, 3, 4], [5]]);
  assert.deepEqual(pieces(new Uint8Array(), [1]), []);
});

Deno.test("everyByte() gives pieces of one byte", () => {
  assert.deepEqual(pieces(bytes, everyByte(5)).map((piece) => piece.length), [1, 1, 1, 1, 1]);
  assert.deepEqual(everyByte(0), []);
  assert.deepEqual(everyByte(1), []);
});

Deno.test("singleCuts() gives every cut of a short string and both ends of a long one", () => {
  assert.deepEqual(singleCuts(5), [1, 2, 3, 4]);
  const long = singleCuts(100_000, 300);
  assert.ok(long.length <= 300 && long.length > 250, `${long.length} cuts`);
  assert.deepEqual(long.slice(0, 100), Array.from({ length: 100 }, (_, i) => i + 1));
  assert.deepEqual(long.slice(-100), Array.from({ length: 100 }, (_, i) => 99_900 + i));
  assert.ok(long.every((cut, i) => i === 0 || cut > long[i - 1]), "ascending");
});

Deno.test("everySplit() loses no byte in any way of feeding", () => {
  const ways = [...everySplit(bytes.length)];
  assert.equal(ways.length, 1 + 1 + 4);
  for (const cuts of ways) assert.deepEqual(cut(...cuts).flat(), [...bytes]);
});
