/** The loops of a load's threads: when actions happen, and how a run ends. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { Alarms } from "../../../bench/load/alarms.ts";
import { clockUs } from "../../../bench/load/clock.ts";
import { type ClientEngine, createLinuxEngine } from "../../../bench/load/engine.ts";
import type { LoadLoop } from "../../../bench/load/loop.ts";
import { RuntimeLoop } from "../../../bench/load/runtime_loop.ts";
import { slack, timed } from "../../support/attempts.ts";
import { eachEngine } from "../../support/client_engines.ts";

Deno.test("Alarms gives actions in the order of their times", () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 50 })), (times) => {
    const alarms = new Alarms();
    const rung: number[] = [];
    for (const time of times) alarms.add(time, () => rung.push(time));
    while (alarms.nextUs !== Infinity) {
      const { nextUs } = alarms;
      alarms.take()();
      assert.equal(rung.at(-1), nextUs);
    }
    assert.deepEqual(rung, times.toSorted((a, b) => a - b));
  }));
});

async function loopOf(engine: ClientEngine): Promise<LoadLoop> {
  if (engine === "deno") return new RuntimeLoop();
  const memory = new Uint8Array(4096);
  return (await createLinuxEngine(engine, { input: memory, output: memory })).loop;
}

const NO_CHECK = { everyMs: 1000, action() {} };

eachEngine(
  "a loop does what is due in time and in order, also what is added meanwhile",
  async (engine) => {
    const loop = await loopOf(engine);
    const done: string[] = [];
    const lateUs: number[] = [];
    const beginUs = clockUs();
    await loop.run(() => {
      const at = (ms: number, name: string, then = () => {}) => {
        const dueUs = beginUs + ms * 1000;
        loop.at(dueUs, () => {
          lateUs.push(clockUs() - dueUs);
          done.push(name);
          then();
        });
      };
      at(40.5, "last", () => loop.end());
      at(8, "third", () => at(9, "fourth"));
      at(5.25, "second");
      at(-1, "first");
      at(10_000, "never");
    }, NO_CHECK);
    assert.deepEqual(done, ["first", "second", "third", "fourth", "last"]);
    assert.ok(lateUs.every((us) => us >= 0), `early: ${lateUs}`);
    // The next run does not find what the one before has left.
    await loop.run(() => loop.at(clockUs() + 20_000, () => loop.end()), NO_CHECK);
    assert.equal(done.length, 5);
    loop.close();
  },
  timed,
);

eachEngine("a loop wakes within a fraction of a millisecond", async (engine) => {
  const loop = await loopOf(engine);
  const lateUs: number[] = [];
  await loop.run(() => {
    let left = 30;
    const next = (dueUs: number) =>
      loop.at(dueUs, () => {
        lateUs.push(clockUs() - dueUs);
        if (--left === 0) loop.end();
        else next(clockUs() + 3700);
      });
    next(clockUs());
  }, NO_CHECK);
  loop.close();
  const median = lateUs.sort((a, b) => a - b)[15];
  assert.ok(median < 400 * slack(), `${median} µs late`);
}, timed);

eachEngine("a loop checks at intervals, and ends when a check says so", async (engine) => {
  const loop = await loopOf(engine);
  let checks = 0;
  const beginMs = performance.now();
  await loop.run(() => {}, {
    everyMs: 10,
    action() {
      if (++checks === 5) loop.end();
    },
  });
  loop.close();
  assert.equal(checks, 5);
  assert.ok(performance.now() - beginMs >= 45);
});

eachEngine("a loop that is ended by what begins it ends", async (engine) => {
  const loop = await loopOf(engine);
  await loop.run(() => loop.end(), NO_CHECK);
  loop.close();
});

eachEngine("a loop throws what its begin throws, and can run again", async (engine) => {
  const loop = await loopOf(engine);
  await assert.rejects(
    loop.run(() => {
      throw new Error("no");
    }, NO_CHECK),
    /^Error: no$/,
  );
  await loop.run(() => loop.at(0, () => loop.end()), NO_CHECK);
  loop.close();
});
