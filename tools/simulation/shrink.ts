/**
 * Makes a failing plan smaller: the fewest events, and the simplest of each, with which it still fails
 * in the same way (Zeller and Hildebrandt, 2002: delta debugging).
 */
import { type Plan, runPlan } from "./scenario.ts";

/** Lists within an event of which a part may be enough. */
const LISTS = ["exchanges", "messages", "steps"] as const;

/** Simple values for what an event or the settings may hold. */
const SIMPLE: Record<string, unknown> = {
  network: { leastDelayUs: 0, mostDelayUs: 0, pieceBytes: 65536, windowBytes: 200_000 },
  readDelayUs: 0,
  readBytes: 65536,
  mostDelayUs: 0,
  mostBytes: 1 << 20,
  isHeldUp: false,
  writes: 1,
  engine: "completions",
  sendsFiles: false,
  messageUs: 0,
};

/** The kind of a failure: its text without numbers and without a stack. */
function kindOf(failure: string): string {
  return failure.split("\n")[0].replace(/\d+/g, "N");
}

/**
 * The smallest plan that fails like `plan`, as far as it is found within `budgetMs`.
 *
 * @param failure what `plan` fails with
 */
export async function shrink(plan: Plan, failure: string, budgetMs = 60_000): Promise<Plan> {
  const endMs = performance.now() + budgetMs;
  const kind = kindOf(failure);
  let best = plan;
  const fails = async (candidate: Plan): Promise<boolean> => {
    if (performance.now() > endMs) return false;
    const run = await runPlan(candidate);
    if (run.failure === undefined || kindOf(run.failure) !== kind) return false;
    best = candidate;
    return true;
  };
  for (let events = -1; events !== sizeOf(best);) {
    events = sizeOf(best);
    await fewer<object>(best.events, (events) => fails({ ...best, events } as Plan));
    for (let i = 0; i < best.events.length; ++i) await simplerEvent(i);
    await simplerSettings();
  }
  return best;

  /** Tries event number `i` with fewer parts and simpler values. */
  async function simplerEvent(i: number): Promise<void> {
    const withEvent = (event: object) =>
      fails({ ...best, events: best.events.map((old, at) => at === i ? event : old) } as Plan);
    for (const name of LISTS) {
      const list = (best.events[i] as Record<string, unknown>)[name] as unknown[] | undefined;
      if (list === undefined) continue;
      await fewer(
        list,
        (fewer) =>
          fewer.length === 0
            ? Promise.resolve(false)
            : withEvent({ ...best.events[i], [name]: fewer }),
      );
    }
    for (const [name, value] of Object.entries(best.events[i])) {
      const simple = SIMPLE[name];
      if (simple === undefined || JSON.stringify(simple) === JSON.stringify(value)) continue;
      await withEvent({ ...best.events[i], [name]: simple });
    }
  }

  async function simplerSettings(): Promise<void> {
    for (const [name, value] of Object.entries(best.settings)) {
      const simple = SIMPLE[name];
      if (simple === undefined || JSON.stringify(simple) === JSON.stringify(value)) continue;
      await fails({ ...best, settings: { ...best.settings, [name]: simple } } as Plan);
    }
  }
}

/** The size of a plan. */
function sizeOf(plan: Plan): number {
  return JSON.stringify(plan).length;
}

/** Leaves out parts of `list`, large ones first, as long as `fails` says that it still fails. */
async function fewer<T>(
  list: readonly T[],
  fails: (fewer: T[]) => Promise<boolean>,
): Promise<void> {
  let rest = [...list];
  for (
    let size = Math.ceil(rest.length / 2);
    size > 0;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let at = 0; at < rest.length;) {
      const without = [...rest.slice(0, at), ...rest.slice(at + size)];
      if (without.length < rest.length && await fails(without)) rest = without;
      else at += size;
    }
  }
}
