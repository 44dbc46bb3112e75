import assert from "node:assert/strict";
import {
  EventLoop,
  type EventSource,
} from "../../../../../servers/net/engines/linux/event_loop.ts";
import { closeWaker, createWaker, wake } from "../../../../../servers/net/engines/linux/waker.ts";
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
  }) => Promise<void>,
): () => Promise<void> {
  return async () => {
    const waker = createWaker();
    const source = new Source();
    const wheel = new TimerWheel(TICK_MS, () => {}, { isManual: true });
    try {
      await test({ loop: new EventLoop(source, { wheel, waker }), source, wheel });
    } finally {
      closeWaker(waker);
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
    const loop = new EventLoop(source, { wheel: new TimerWheel(TICK_MS), waker });
    source.onTurn = () => {
      loop.stop();
      return 0;
    };
    await loop.run();
    assert.deepEqual(source.timeoutsMs.map(blocks), [true]);
    closeWaker(waker);
  },
);

Deno.test(
  "EventLoop: blocks no longer than to the wheel's next tick",
  { ignore },
  withLoop(async ({ loop, source, wheel }) => {
    let timeouts = 0;
    const entry: Timed = {
      deadlineTick: NEVER,
      wheelSlot: -1,
      onTimeout() {
        ++timeouts;
        loop.stop();
      },
    };
    wheel.add(entry);
    wheel.set(entry, 2 * TICK_MS);
    await loop.run();
    assert.equal(timeouts, 1);
    assert.ok(
      source.timeoutsMs.every((timeoutMs) => timeoutMs <= TICK_MS),
      "no longer than a tick",
    );
    wheel.remove(entry);
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
