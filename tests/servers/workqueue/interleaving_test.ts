import assert from "node:assert/strict";
import { WQ_CPU_INTENSIVE, WQ_MEM_RECLAIM, WQ_UNBOUND } from "../../../servers/workqueue/mod.ts";
import { explore, type Scenario } from "./interleavings.ts";

const NOW = ["now", "now", "now"];
const ONE = { flags: WQ_UNBOUND, maxWorkers: 1 };

/** A change of the protocol changes the numbers; see to it that they do not fall without a cause. */
const SCENARIOS: Record<string, [states: number, Scenario]> = {
  "bound: taken back by cancelWork() and as stalled": [
    9_503,
    { items: NOW, actions: ["cancel 1"], ticks: 3 },
  ],
  "bound: cancelled on the result before": [777, { items: NOW, onResult: "cancel 1", ticks: 2 }],
  "bound, intensive: cancelled": [
    371,
    { items: NOW, flags: WQ_CPU_INTENSIVE, actions: ["cancel 1"], ticks: 1 },
  ],
  "unbound: taken back by cancelWork() and as stalled": [
    11_768,
    { items: NOW, flags: WQ_UNBOUND, actions: ["cancel 2"], ticks: 3 },
  ],
  "one Worker: taken back by cancelWork() and as stalled": [
    15_601,
    { items: NOW, ...ONE, actions: ["cancel 1", "cancel 2"], ticks: 4 },
  ],
  "one Worker: cancelled on a result, and queued again": [
    1_984,
    { items: NOW, ...ONE, onResult: "cancel 1", actions: ["requeue 1"], ticks: 2 },
  ],
  "one Worker: cancelled, queued again, killed": [
    4_577,
    { items: NOW, ...ONE, actions: ["cancel 1", "requeue 1", "kill 0"], ticks: 1 },
  ],
  "bound: messages to items behind one that sleeps": [
    4_126,
    { items: ["later", "now", "listen"], actions: ["send 1", "send 2"] },
  ],
  "bound: a message to one that sleeps or stalls": [
    6_194,
    { items: ["later", "now", "listen"], actions: ["send 1"], ticks: 1 },
  ],
  "one Worker: messages behind one that sleeps": [
    8_260,
    { items: ["later", "listen", "now"], ...ONE, actions: ["send 1", "send 1"], ticks: 2 },
  ],
  "bound: messages to an item that is queued again": [
    4_422,
    { items: ["listen", "now"], actions: ["requeue 0", "send 0", "send 0"] },
  ],
  "bound: a message to an item that is queued again, stalled": [
    11_293,
    { items: ["listen", "now"], actions: ["requeue 0", "send 0"], ticks: 1 },
  ],
  "one Worker: a message to an item that is queued again": [
    563,
    { items: ["listen", "now", "now"], ...ONE, actions: ["requeue 0", "send 0"] },
  ],
  "bound: an item ends its Worker; a message and cancelWork() behind it": [
    642,
    { items: ["now", "exit", "now"], actions: ["send 2", "cancel 2"], ticks: 1 },
  ],
  "one Worker: an item behind one that sleeps ends its Worker": [
    1_291,
    { items: ["listen", "exit", "now"], ...ONE, actions: ["send 2", "cancel 2"], ticks: 1 },
  ],
  "bound: a Worker crashes at any time, a message": [
    4_212,
    { items: ["listen", "now", "listen"], actions: ["send 2"], crashes: 1 },
  ],
  "bound: a Worker crashes at any time, another is killed": [
    2_642,
    { items: ["now", "listen", "now"], actions: ["kill 1", "send 2"], crashes: 1 },
  ],
  "bound: the first of a batch is killed, a message": [
    1_614,
    { items: ["listen", "now", "listen"], actions: ["kill 0", "send 2"] },
  ],
  "with a rescuer: a Worker is slow to come up, or refused": [
    4_784,
    { items: NOW, ...ONE, flags: WQ_UNBOUND | WQ_MEM_RECLAIM, refusals: 2, ticks: 3 },
  ],
  "with a rescuer: cancelled, and a crash at any time": [
    8_695,
    {
      items: ["now", "listen"],
      ...ONE,
      flags: WQ_UNBOUND | WQ_MEM_RECLAIM,
      actions: ["cancel 0"],
      ticks: 2,
      crashes: 1,
    },
  ],
  "bound: the second of a batch is killed": [226, { items: NOW, actions: ["kill 1"], ticks: 1 }],
};

for (const [name, [states, scenario]] of Object.entries(SCENARIOS)) {
  Deno.test(`all interleavings: ${name}`, () => {
    const found = explore(scenario);
    assert.ok(found.ends > 1);
    assert.equal(found.states, states);
  });
}
