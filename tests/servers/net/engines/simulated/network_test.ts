/** The simulated clock, chance and network by themselves. */
import assert from "node:assert/strict";
import { SimulatedClock } from "../../../../../servers/net/engines/simulated/clock.ts";
import { AGAIN, End, RESET } from "../../../../../servers/net/engines/simulated/network.ts";
import { Random } from "../../../../../servers/net/engines/simulated/random.ts";

const TRAITS = { leastDelayUs: 1, mostDelayUs: 50, pieceBytes: 3, windowBytes: 10 };

/** Two ends, and what lets everything that is on its way arrive. */
function connect() {
  const clock = new SimulatedClock();
  const [a, b] = End.pair(clock, new Random(1), TRAITS);
  const arrive = () => {
    while (clock.step());
  };
  const read = (end: End, most = 100) => {
    const bytes = new Uint8Array(most);
    const count = end.read(bytes);
    return count > 0 ? [...bytes.subarray(0, count)] : count;
  };
  return { a, b, arrive, read };
}

Deno.test("SimulatedClock: events come in the order of their times, then of their planning", () => {
  const clock = new SimulatedClock();
  const seen: string[] = [];
  clock.in(20, () => seen.push("20"));
  clock.in(10, () => {
    seen.push("10");
    clock.in(10, () => seen.push("20, planned later"));
  });
  const timer = clock.setTimeout(() => seen.push("cleared"), 0.005);
  const interval = clock.setInterval(() => {
    seen.push(`interval at ${clock.nowUs}`);
    if (clock.nowUs === 30) clock.clearInterval(interval);
  }, 0.015);
  clock.clearTimeout(timer);
  while (clock.step());
  assert.deepEqual(seen, ["10", "interval at 15", "20", "20, planned later", "interval at 30"]);
  assert.equal(clock.timers, 0);
});

Deno.test("SimulatedClock: what is due while the thread stalls comes late", () => {
  const clock = new SimulatedClock();
  const seen: number[] = [];
  clock.in(5000, () => seen.push(clock.nowUs));
  clock.in(1000, () => clock.stall(20));
  while (clock.step());
  assert.deepEqual(seen, [21_000]);
});

Deno.test("Random: a seed repeats itself, and its streams differ", () => {
  const words = (seed: number, stream?: number) => {
    const random = new Random(seed, stream);
    return Array.from({ length: 4 }, () => random.word());
  };
  assert.deepEqual(words(5), words(5));
  for (const other of [words(5, 1), words(6), words(5 + 2 ** 32)]) {
    assert.notDeepEqual(words(5), other);
  }
});

Deno.test("End: bytes arrive in order, within the window, and a FIN behind them", () => {
  const { a, b, arrive, read } = connect();
  assert.equal(a.write(new Uint8Array(12).map((_, i) => i)), 10);
  assert.equal(a.write(new Uint8Array(1)), AGAIN);
  assert.equal(read(b), AGAIN);
  a.finish();
  arrive();
  assert.deepEqual(read(b, 4), [0, 1, 2, 3]);
  assert.equal(a.room, 4);
  assert.deepEqual(read(b), [4, 5, 6, 7, 8, 9]);
  assert.equal(read(b), 0);
  // The other direction goes on.
  b.write(Uint8Array.of(7));
  arrive();
  assert.deepEqual(read(a), [7]);
});

Deno.test("End: a reset destroys what was not read", () => {
  const { a, b, arrive, read } = connect();
  a.write(Uint8Array.of(1, 2));
  arrive();
  a.reset();
  arrive();
  assert.equal(read(b), RESET);
  assert.equal(b.write(Uint8Array.of(1)), RESET);
});

for (
  const [what, act] of [
    ["closing with unread input", ({ a, b, arrive }) => {
      b.write(Uint8Array.of(1));
      arrive();
      a.close();
    }],
    ["bytes for an end that is closed", ({ a, b }) => {
      a.close();
      b.write(Uint8Array.of(1));
    }],
  ] as [string, (ends: ReturnType<typeof connect>) => void][]
) {
  Deno.test(`End: ${what} resets the connection`, () => {
    const ends = connect();
    act(ends);
    ends.arrive();
    assert.equal(ends.read(ends.b), RESET);
  });
}
