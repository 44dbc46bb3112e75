import assert from "node:assert/strict";
import { NEVER, type Timed } from "../../../servers/net/deadlines.ts";
import { TimerWheel } from "../../../servers/net/timer_wheel.ts";
import { timed } from "../../support/attempts.ts";
import { until } from "../../support/until.ts";

const TICK_MS = 2;

/** An entry that records when it timed out, in ms since it was made. */
class Entry implements Timed {
  deadlineTick = NEVER;
  wheelSlot = -1;
  readonly fired = Promise.withResolvers<number>();
  times = 0;
  readonly #startMs = performance.now();

  onTimeout(): void {
    this.times++;
    this.fired.resolve(performance.now() - this.#startMs);
  }
}

/** A wheel with an entry that keeps it turning and tells when so much time is over. */
function wheelWithClock() {
  const wheel = new TimerWheel(TICK_MS);
  const clock = new Entry();
  wheel.add(clock);
  return {
    wheel,
    clock,
    async elapsed(ms: number) {
      const mark = new Entry();
      wheel.add(mark);
      wheel.set(mark, ms);
      await mark.fired.promise;
      wheel.remove(mark);
    },
  };
}

Deno.test("TimerWheel: an entry times out after its delay, not before, and once", async () => {
  const { wheel, clock, elapsed } = wheelWithClock();
  wheel.set(clock, 20);
  assert.ok(await clock.fired.promise >= 20);
  await elapsed(40);
  assert.equal(clock.times, 1);
  wheel.remove(clock);
});

Deno.test("TimerWheel: a delay of several turns is kept", async () => {
  const { wheel, clock } = wheelWithClock();
  // 64 slots of 2 ms are one turn.
  wheel.set(clock, 300);
  assert.ok(await clock.fired.promise >= 300);
  wheel.remove(clock);
});

Deno.test("TimerWheel: set() moves a deadline in both directions", async () => {
  const { wheel, clock, elapsed } = wheelWithClock();
  const later = new Entry();
  wheel.add(later);
  wheel.set(later, 10);
  wheel.set(later, 80);
  const sooner = new Entry();
  wheel.add(sooner);
  wheel.set(sooner, 10_000);
  wheel.set(sooner, 10);
  assert.ok(await sooner.fired.promise < 5000);
  assert.equal(later.times, 0);
  assert.ok(await later.fired.promise >= 80);
  const never = new Entry();
  wheel.add(never);
  wheel.set(never, 5);
  wheel.set(never, 0);
  await elapsed(60);
  assert.equal(never.times, 0);
  for (const entry of [clock, later, sooner, never]) wheel.remove(entry);
});

Deno.test("TimerWheel: setDeadline() keeps a moment that was fixed before", async () => {
  const { wheel, clock, elapsed } = wheelWithClock();
  const entry = new Entry();
  wheel.add(entry);
  const deadline = wheel.deadlineAfter(60);
  await elapsed(30);
  wheel.set(entry, 1000);
  wheel.setDeadline(entry, deadline);
  const ms = await entry.fired.promise;
  assert.ok(ms >= 60 && ms < 1000, `${ms} ms`);
  wheel.remove(entry);
  wheel.remove(clock);
});

timed("TimerWheel: setDeadline() with a moment that has passed is due at once", async () => {
  const { wheel, clock, elapsed } = wheelWithClock();
  const entry = new Entry();
  wheel.add(entry);
  const deadline = wheel.deadlineAfter(10);
  await elapsed(40);
  const startMs = performance.now();
  wheel.setDeadline(entry, deadline);
  await entry.fired.promise;
  const waitedMs = performance.now() - startMs;
  wheel.remove(entry);
  wheel.remove(clock);
  assert.ok(waitedMs < 100, `${waitedMs} ms; the wheel would come round after 128 ms`);
});

Deno.test("TimerWheel: an entry may be taken off, or set anew, by another one's timeout", async () => {
  const wheel = new TimerWheel(TICK_MS);
  const victim = new Entry();
  const again = new Entry();
  const first: Timed = {
    deadlineTick: NEVER,
    wheelSlot: -1,
    onTimeout: () => {
      wheel.remove(victim);
      wheel.set(again, 30);
    },
  };
  for (const entry of [first, victim, again]) {
    wheel.add(entry);
    wheel.set(entry, 10);
  }
  assert.ok(await again.fired.promise >= 30);
  assert.equal(victim.times, 0);
  wheel.remove(first);
  wheel.remove(again);
});

/** Keeps this thread busy. */
function block(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}

Deno.test("TimerWheel: what the thread was busy with is not counted as the peer's delay", async () => {
  const wheel = new TimerWheel(20);
  const entry = new Entry();
  wheel.add(entry);
  wheel.set(entry, 200);
  assert.ok(!wheel.isLate);
  block(600);
  await until(() => wheel.isLate);
  // The turn after the stall sees two ticks, 40 ms, and the rest has still to pass.
  assert.ok(await entry.fired.promise >= 600 + 200 - 40 - 20);
  // On a busy machine the thread may be late once more.
  await until(() => !wheel.isLate);
  wheel.remove(entry);
});

Deno.test("TimerWheel: a turn that comes late makes it late, though it counts one tick", () => {
  const wheel = new TimerWheel(100, () => {}, { isManual: true });
  const entry = new Entry();
  wheel.add(entry);
  block(110);
  assert.ok(wheel.turnIfDue());
  block(150);
  assert.ok(wheel.turnIfDue());
  assert.ok(wheel.isLate);
  wheel.remove(entry);
});

Deno.test("TimerWheel: it ticks while it has entries, and starts again", async () => {
  let ticks = 0;
  const ticked = Promise.withResolvers<void>();
  const wheel = new TimerWheel(TICK_MS, () => ++ticks > 2 && ticked.resolve());
  assert.equal(ticks, 0);
  const entry = new Entry();
  wheel.add(entry);
  assert.equal(ticks, 1, "at once, with the first entry");
  await ticked.promise;
  wheel.remove(entry);
  wheel.remove(entry);
  assert.equal(wheel.size, 0);
  // That no interval is left is what the test runner looks for.
  wheel.add(entry);
  wheel.set(entry, 5);
  await entry.fired.promise;
  wheel.remove(entry);
});

Deno.test("TimerWheel: a manual one turns when it is told to and a tick is due, and has no timer", async () => {
  let ticks = 0;
  const wheel = new TimerWheel(10, () => ++ticks, { isManual: true });
  assert.equal(wheel.untilTickMs, Infinity);
  assert.equal(wheel.turnIfDue(), false, "empty");
  const entry = new Entry();
  wheel.add(entry);
  wheel.set(entry, 10);
  assert.equal(ticks, 1, "it starts");
  assert.ok(wheel.untilTickMs > 0 && wheel.untilTickMs <= 10);
  await until(() => wheel.untilTickMs === 0);
  assert.deepEqual([ticks, entry.times], [1, 0], "nothing happens by itself");
  await until(() => {
    wheel.turnIfDue();
    return entry.times === 1;
  });
  assert.ok(await entry.fired.promise >= 10);
  wheel.remove(entry);
  assert.equal(wheel.untilTickMs, Infinity);
});
