import assert from "node:assert/strict";
import { ConnectionLimit } from "../../../servers/net/connection_limit.ts";

Deno.test("ConnectionLimit: counts over all threads", () => {
  const counts = new Int32Array(new SharedArrayBuffer(8));
  const [one, other] = [0, 1].map((index) => new ConnectionLimit(counts, index, 3));
  one.opened();
  other.opened();
  assert.equal(one.isReached(), false);
  other.opened();
  assert.equal(one.isReached(), true);
  assert.equal(other.isReached(), true);
  assert.deepEqual([...counts], [1, 2], "each in its own place");
  one.closed();
  assert.equal(other.isReached(), false);
});

Deno.test("ConnectionLimit.alone: one thread's limit", () => {
  const limit = ConnectionLimit.alone(1);
  assert.equal(limit.isReached(), false);
  limit.opened();
  assert.equal(limit.isReached(), true);
});
