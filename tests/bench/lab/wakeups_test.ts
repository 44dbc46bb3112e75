import assert from "node:assert/strict";
import { WaitingThreads, type WaitWay } from "../../../bench/lab/wakeups.ts";

const THREADS = 3;

const WAYS: { way: WaitWay; woken: number }[] = [
  { way: { instances: "one", trigger: "edge" }, woken: 1 },
  { way: { instances: "one", trigger: "level" }, woken: THREADS },
  { way: { instances: "one", trigger: "level", oneShot: true }, woken: 1 },
  { way: { instances: "each", trigger: "level" }, woken: THREADS },
  { way: { instances: "each", trigger: "edge" }, woken: THREADS },
  { way: { instances: "each", trigger: "level", isExclusive: true }, woken: 1 },
  { way: { instances: "each", trigger: "edge", isExclusive: true }, woken: 1 },
];

Deno.test({
  name: "WaitingThreads.wake(): one event wakes as many threads as epoll(7) says",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const threads = new WaitingThreads(THREADS);
    try {
      for (const { way, woken } of WAYS) {
        assert.equal(await threads.wake(way), woken, JSON.stringify(way));
      }
    } finally {
      threads.end();
    }
  },
});
