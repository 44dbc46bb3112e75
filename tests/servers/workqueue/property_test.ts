import assert from "node:assert/strict";
import fc from "fast-check";
import { List, type ListNode } from "../../../servers/workqueue/list.ts";
import {
  allocWorkqueue,
  cancelWork,
  destroyWorkqueue,
  flushWorkqueue,
  queueDelayedWork,
  queueWork,
  WQ_CPU_INTENSIVE,
  WQ_HIGHPRI,
  WQ_UNBOUND,
} from "../../../servers/workqueue/mod.ts";
import { recorded, testPools } from "./support.ts";

Deno.test("List: does what an array does", () => {
  class Node implements ListNode<Node> {
    prev: Node | null = null;
    next: Node | null = null;
  }
  const step = fc.constantFrom("push", "unshift", "shift", "remove");
  fc.assert(fc.property(fc.array(fc.tuple(step, fc.nat(20))), (steps) => {
    const list = new List<Node>();
    const model: Node[] = [];
    for (const [name, index] of steps) {
      if (name === "push" || name === "unshift") {
        const node = new Node();
        list[name](node);
        model[name](node);
      } else if (name === "shift") assert.equal(list.shift(), model.shift() ?? null);
      else if (model.length > 0) {
        const [node] = model.splice(index % model.length, 1);
        list.remove(node);
      }
      const nodes = [];
      for (let node = list.head; node; node = node.next) nodes.push(node);
      assert.deepEqual([list.size, list.head], [model.length, model[0] ?? null]);
      assert.ok(nodes.every((node, i) => node === model[i]));
    }
  }));
});

Deno.test("each accepted queueing ends exactly once, whatever happens", async () => {
  const { pools } = testPools({ cpuIntensiveThreshUs: 1000, growDelayMs: 1, maxWorkers: 3 });
  const func = fc.constantFrom("echo", "echo", "mark", "later", "throw", "exit");
  const action = fc.constantFrom("queue", "queue", "queue", "delay", "cancel", "turn", "flush");
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(0, WQ_UNBOUND, WQ_UNBOUND | WQ_HIGHPRI, WQ_CPU_INTENSIVE),
      fc.integer({ min: 1, max: 4 }),
      fc.array(func, { minLength: 1, maxLength: 6 }),
      fc.array(fc.tuple(action, fc.nat(5)), { maxLength: 60 }),
      async (flags, maxActive, funcs, steps) => {
        const queue = allocWorkqueue("any", { flags, maxActive, pools });
        const items = funcs.map((func) => recorded(func, "data"));
        const expected = items.map(() => 0);
        for (const [name, at] of steps) {
          const index = at % items.length;
          const { work } = items[index];
          if (name === "queue" && queueWork(queue, work)) expected[index]++;
          if (name === "delay" && queueDelayedWork(queue, work, 1)) expected[index]++;
          if (name === "cancel" && cancelWork(work)) expected[index]--;
          if (name === "turn") await new Promise((resolve) => setTimeout(resolve, 0));
          if (name === "flush") await flushWorkqueue(queue);
        }
        await destroyWorkqueue(queue);
        assert.deepEqual(
          items.map(({ results, errors }) => results.length + errors.length),
          expected,
        );
        const { queued, completed, failed } = queue.stats;
        assert.ok(queued >= completed + failed);
      },
    ),
    { numRuns: 30 },
  );
});
