import assert from "node:assert/strict";
import {
  EventLoop,
  type EventSource,
  MAX_BLOCK_MS,
} from "../../../../../servers/net/engines/linux/event_loop.ts";
import { Ticker } from "../../../../../servers/net/engines/linux/ticker.ts";
import { closeWaker, createWaker, wake } from "../../../../../servers/net/engines/linux/waker.ts";
import { Interest } from "../../../../../system/linux/pollers/poller.ts";
import { PollPoller } from "../../../../../system/linux/pollers/poll.ts";
import { NEVER, type Timed } from "../../../../../servers/net/deadlines.ts";
import { TimerWheel } from "../../../../../servers/net/timer_wheel.ts";
import { notLinux } from "../../../../system/linux/sockets.ts";

const TICK_MS = 20;

/** A source that never blocks, and records for how long it might have. */
class Source implements EventSource {
  readonly timeoutsMs: number[] = [];
  /** Called in each turn. @returns how many events there were */
  onTurn: (turn: number) => number = () => 0;

  turn(timeoutMs: number): number {
    this.timeoutsMs.push(timeoutMs);
    return this.onTurn(this.timeoutsMs.length);
  }
}

function withLoop(
  test: (parts: {
    loop: EventLoop;
    source: Source;
    wheel: TimerWheel;
    ticker: Ticker;
  }) => Promise<void>,
): () => Promise<void> {
  return async () => {
    const waker = createWaker();
    const source = new Source();
    const wheel = new TimerWheel(TICK_MS, () => {}, { isManual: true });
    const ticker = new Ticker(wheel);
    try {
      await test({ loop: new EventLoop(source, { clock: ticker, waker }), source, wheel, ticker });
    } finally {
      closeWaker(waker);
      ticker.close();
    }
  };
}

/** Whether a turn may have blocked. */
function blocks(timeoutMs: number): boolean {
  return timeoutMs > 1;
}

const ignore = notLinux;

Deno.test(
  "EventLoop: blocks when nothing is held, and only then",
  { ignore },
  withLoop(async ({ loop, source }) => {
    source.onTurn = (turn) => {
      if (turn === 3) loop.hold();
      if (turn === 6) loop.release();
      if (turn === 9) loop.stop();
      return 0;
    };
    await loop.run();
    const blocked = source.timeoutsMs.map(blocks);
    assert.deepEqual(blocked, [true, true, true, false, false, false, true, true, true]);
  }),
);

Deno.test(
  "EventLoop: promises and timers of the runtime go on while something is held",
  { ignore },
  withLoop(async ({ loop, source }) => {
    const value = loop.holdFor(new Promise((resolve) => setTimeout(resolve, 5, "answer")));
    value.then(() => loop.stop());
    // Whatever the events are: others have their turn, too.
    source.onTurn = () => 1;
    await loop.run();
    assert.equal(await value, "answer");
    assert.equal(source.timeoutsMs.some(blocks), false);
  }),
);

Deno.test(
  "EventLoop: a promise that is held for long costs a turn in a millisecond",
  { ignore },
  withLoop(async ({ loop, source }) => {
    loop.hold();
    source.onTurn = (turn) => {
      if (turn === 300) loop.stop();
      return 0;
    };
    await loop.run();
    assert.equal(source.timeoutsMs[0], 0);
    assert.equal(source.timeoutsMs.at(-1), 1);
    assert.equal(source.timeoutsMs.some(blocks), false);
    // An event makes it quick again.
    loop.release();
  }),
);

Deno.test(
  "EventLoop: does not block between the waker's message and its handling",
  { ignore },
  withLoop(async ({ loop, source }) => {
    source.onTurn = (turn) => {
      if (turn === 2) wake(loop.waker);
      if (turn === 5) {
        loop.woken();
        loop.messageHandled();
      }
      if (turn === 7) loop.stop();
      return 0;
    };
    await loop.run();
    const blocked = source.timeoutsMs.map(blocks);
    assert.deepEqual(blocked, [true, true, false, false, false, true, true]);
  }),
);

Deno.test(
  "EventLoop: messages to a thread before this one are not waited for",
  { ignore },
  async () => {
    const waker = createWaker();
    wake(waker);
    const source = new Source();
    const ticker = new Ticker(new TimerWheel(TICK_MS, () => {}, { isManual: true }));
    const loop = new EventLoop(source, { clock: ticker, waker });
    source.onTurn = () => {
      loop.stop();
      return 0;
    };
    await loop.run();
    assert.deepEqual(source.timeoutsMs.map(blocks), [true]);
    closeWaker(waker);
    ticker.close();
  },
);

/** Waits for `ticker` as an engine does, but not for ever. @returns how many events there were */
function awaitTick(poller: PollPoller, ticker: Ticker, timeoutMs: number): number {
  const count = poller.wait(Math.min(timeoutMs, 5000));
  if (count > 0) ticker.ticked();
  return count;
}

Deno.test(
  "EventLoop: while there are deadlines it blocks without a limit, and a timer brings the ticks",
  { ignore },
  withLoop(async ({ loop, source, wheel, ticker }) => {
    let timeouts = 0;
    const entry: Timed = {
      deadlineTick: NEVER,
      wheelSlot: -1,
      onTimeout() {
        ++timeouts;
        wheel.remove(entry);
      },
    };
    wheel.add(entry);
    wheel.set(entry, 2 * TICK_MS);
    const poller = new PollPoller();
    poller.add(ticker.fd, Interest.Read);
    const startMs = performance.now();
    source.onTurn = () => {
      const { timeoutsMs } = source;
      // The timer is stopped by the tick that finds nothing left.
      if (timeoutsMs.at(-1) !== Infinity) loop.stop();
      return awaitTick(poller, ticker, timeoutsMs.at(-1)!);
    };
    // Without a tick the last wait takes a second.
    await loop.run();
    const elapsedMs = performance.now() - startMs;
    assert.equal(timeouts, 1);
    assert.equal(source.timeoutsMs[0], Infinity);
    assert.equal(source.timeoutsMs.at(-1), MAX_BLOCK_MS, "it is not woken when there is nothing");
    assert.ok(elapsedMs >= MAX_BLOCK_MS - 1, `${elapsedMs} ms`);
    poller.close();
  }),
);

Deno.test(
  "EventLoop: deadlines come while something is held, too",
  { ignore },
  withLoop(async ({ loop, source, wheel, ticker }) => {
    const entry: Timed = {
      deadlineTick: NEVER,
      wheelSlot: -1,
      onTimeout: () => loop.stop(),
    };
    const poller = new PollPoller();
    poller.add(ticker.fd, Interest.Read);
    loop.hold();
    wheel.add(entry);
    wheel.set(entry, TICK_MS);
    const endMs = performance.now() + 10_000;
    source.onTurn = () => {
      assert.ok(performance.now() < endMs, "it has not come");
      return awaitTick(poller, ticker, source.timeoutsMs.at(-1)!);
    };
    await loop.run();
    wheel.remove(entry);
    poller.close();
  }),
);

Deno.test(
  "EventLoop: deadlines come in time again after the timer has stopped",
  { ignore },
  withLoop(async ({ loop, source, wheel, ticker }) => {
    const firedMs: number[] = [];
    const entry: Timed = {
      deadlineTick: NEVER,
      wheelSlot: -1,
      onTimeout() {
        firedMs.push(performance.now());
        wheel.remove(entry);
      },
    };
    const poller = new PollPoller();
    poller.add(ticker.fd, Interest.Read);
    let setMs = 0;
    const latenessMs: number[] = [];
    source.onTurn = () => {
      if (firedMs.length > latenessMs.length) {
        latenessMs.push(firedMs.at(-1)! - setMs - TICK_MS);
        if (latenessMs.length === 3) loop.stop();
      }
      if (wheel.size === 0 && latenessMs.length < 3) {
        setMs = performance.now();
        wheel.add(entry);
        wheel.set(entry, TICK_MS);
        return 1;
      }
      return awaitTick(poller, ticker, source.timeoutsMs.at(-1)!);
    };
    await loop.run();
    assert.ok(latenessMs.every((ms) => ms >= -1), `${latenessMs}`);
    poller.close();
  }),
);

Deno.test(
  "EventLoop: what the source throws ends it",
  { ignore },
  withLoop(async ({ loop, source }) => {
    source.onTurn = () => {
      throw new TypeError("a bug");
    };
    await assert.rejects(loop.run(), /a bug/);
  }),
);
