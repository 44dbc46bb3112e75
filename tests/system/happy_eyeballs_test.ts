import assert from "node:assert/strict";
import { acceptingAddresses } from "../../system/happy_eyeballs.ts";

/** Connects at once, after 20 ms, never (until it is given up), or not at all. */
function connectAs(behaviours: Record<string, "at once" | "soon" | "never" | "refused">) {
  const tried: string[] = [];
  const connect = (address: string, signal: AbortSignal) => {
    tried.push(address);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const behaviour = behaviours[address];
    if (behaviour === "at once") resolve();
    else if (behaviour === "soon") setTimeout(resolve, 20);
    else if (behaviour === "refused") reject(new Error("refused"));
    signal.addEventListener("abort", () => reject(signal.reason));
    return promise;
  };
  return { tried, connect };
}

Deno.test("acceptingAddresses() finds all that accept, and leaves out the others", async () => {
  const { connect, tried } = connectAs({
    a: "refused",
    b: "at once",
    c: "never",
    d: "soon",
    e: "refused",
  });
  const found = await acceptingAddresses(["a", "b", "c", "d", "e"], {
    connect,
    timeoutMs: 5000,
    isFirstEnough: false,
  });
  assert.deepEqual(found, ["b", "d"]);
  assert.deepEqual(tried, ["a", "b", "c", "d", "e"]);
});

Deno.test("acceptingAddresses() passes a black hole after 250 ms", async () => {
  for (const isFirstEnough of [true, false]) {
    const { connect } = connectAs({ hole: "never", good: "at once" });
    const beginMs = performance.now();
    const found = await acceptingAddresses(["hole", "good"], {
      connect,
      timeoutMs: 5000,
      isFirstEnough,
    });
    const tookMs = performance.now() - beginMs;
    assert.deepEqual(found, ["good"]);
    assert.ok(tookMs > 240 && tookMs < 450, `${tookMs} ms`);
  }
});

Deno.test("acceptingAddresses() tries families in turn, and no more than it needs", async () => {
  const { connect, tried } = connectAs({ "::1": "refused", "::2": "refused", "1": "at once" });
  const options = { connect, timeoutMs: 5000, isFirstEnough: true };
  assert.deepEqual(await acceptingAddresses(["::1", "::2", "1", "2"], options), ["1"]);
  assert.deepEqual(tried, ["::1", "1"]);
});

Deno.test("acceptingAddresses() ends with the timeout, or when all refuse", async () => {
  const holes = connectAs({ a: "never", b: "never" });
  const beginMs = performance.now();
  const options = { connect: holes.connect, timeoutMs: 100, isFirstEnough: false };
  assert.deepEqual(await acceptingAddresses(["a", "b"], options), []);
  assert.ok(performance.now() - beginMs < 250);
  assert.deepEqual(holes.tried, ["a"]);
  const refusing = connectAs({ a: "refused", b: "refused" });
  const unlimited = { connect: refusing.connect, timeoutMs: 0, isFirstEnough: false };
  assert.deepEqual(await acceptingAddresses(["a", "b"], unlimited), []);
});
