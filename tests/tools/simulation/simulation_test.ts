/** Simulations: seeds that pass, seeds that found something, and the machinery itself. */
import assert from "node:assert/strict";
import { type Plan, planOf, runPlan, WORLDS } from "../../../tools/simulation/scenario.ts";
import { shrink } from "../../../tools/simulation/shrink.ts";
import { applyMutation, mutationNames } from "../../../tools/simulation/mutations.ts";
import { ROOT } from "../../../tools/shared/repository.ts";

/** How long seeds that nobody has tried are run, in ms. */
const FRESH_MS = 2000;

const FIXED_SEEDS = { server: 20, workqueue: 300, load: 100 };

async function assertPasses(plan: Plan): Promise<void> {
  const { failure } = await runPlan(plan);
  const command = `deno task simulate --seed ${plan.seed} --world ${plan.world}`;
  assert.equal(failure, undefined, `${failure}\nrepeat it: ${command}`);
}

for (const world of WORLDS) {
  Deno.test(`simulation: ${world}: fixed seeds pass`, async () => {
    for (let seed = 1; seed <= FIXED_SEEDS[world]; ++seed) await assertPasses(planOf(seed, world));
  });
}

Deno.test("simulation: fresh seeds pass", async () => {
  const endMs = performance.now() + FRESH_MS;
  for (let seed = Date.now(); performance.now() < endMs; ++seed) await assertPasses(planOf(seed));
});

for (const world of WORLDS) {
  Deno.test(`simulation: ${world}: a seed goes the same way each time`, async () => {
    for (const seed of [7]) {
      const [first, second] = [
        await runPlan(planOf(seed, world)),
        await runPlan(planOf(seed, world)),
      ];
      assert.equal(first.digest, second.digest);
      assert.ok(first.events > 0);
    }
    const [a, b] = [await runPlan(planOf(8, world)), await runPlan(planOf(9, world))];
    assert.notEqual(a.digest, b.digest);
  });
}

/** What seeds found, as small as they were shrunk. */
const FOUND: Record<string, Plan> = {
  // The timer of the reaper was over, and by a rounding error no Worker was idle for long enough.
  "an idle Worker is reaped when its timer fires": {
    seed: 12,
    world: "workqueue",
    settings: {
      flags: 0,
      maxActive: 0,
      cpus: 2,
      maxWorkers: 64,
      minIdle: 0,
      idleTimeoutMs: 10_000,
      growDelayMs: 50,
      reuse: true,
      areCpusShort: false,
      items: [
        { run: "exits", us: 1 },
        { run: "busy", us: 31 },
        { run: "fails", us: 869 },
      ],
      messageUs: 0,
      createUs: 200_000,
    },
    events: [{ atUs: 331_855, do: "queue", item: 2 }],
  },
};

for (const [what, plan] of Object.entries(FOUND)) {
  Deno.test(`simulation: found: ${what}`, () => assertPasses(plan));
}

Deno.test("shrink() leaves the events without which a plan does not fail", async () => {
  const plan = planOf(1, "server") as Extract<Plan, { world: "server" }>;
  const network = { leastDelayUs: 0, mostDelayUs: 9, pieceBytes: 7, windowBytes: 100 };
  const client = { seed: 1, network, readDelayUs: 0, readBytes: 100 };
  const good = (id: number) => ({
    ...client,
    kind: "echo client" as const,
    atUs: id,
    id,
    messages: [3, 4],
    isPipelined: false,
  });
  // Echo waits for ever for a client that does nothing.
  const idle = { ...client, kind: "hostile" as const, atUs: 5, id: 99 };
  const failing: Plan = {
    ...plan,
    settings: { ...plan.settings, content: "echo" },
    events: [
      good(1),
      good(2),
      { ...idle, steps: [{ do: "read" }, { do: "stop reading" }] },
      good(3),
      { kind: "stall", atUs: 3, ms: 1 },
    ],
  };
  const { failure } = await runPlan(failing);
  assert.equal(failure, "the simulation does not come to rest within an hour");
  const small = await shrink(failing, failure) as typeof plan;
  assert.equal(small.events.length, 1);
  assert.deepEqual((small.events[0] as { steps: unknown[] }).steps.length, 1);
  assert.equal((await runPlan(small)).failure, failure);
});

Deno.test("mutations can be applied to the tree as it is", () => {
  const names = mutationNames();
  assert.ok(names.length >= 10);
  for (const name of names) applyMutation(name, ROOT, true);
});
