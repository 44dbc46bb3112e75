/** All that can be simulated: the plan of a seed, and how a plan is run. */
import { SimulatedClock } from "../../servers/net/engines/simulated/clock.ts";
import { Random } from "../../servers/net/engines/simulated/random.ts";
import { Trace } from "../../servers/net/engines/simulated/trace.ts";
import { Wrong } from "./failure.ts";
import { type LoadPlan, planLoad } from "./load/plan.ts";
import { LoadWorld } from "./load/world.ts";
import { planServer, type ServerPlan } from "./server/plan.ts";
import { ServerWorld } from "./server/world.ts";
import { planQueue, type QueuePlan } from "./workqueue/plan.ts";
import { QueueWorld } from "./workqueue/world.ts";

/** What is simulated. */
export const WORLDS = ["server", "workqueue", "load"] as const;
export type WorldName = typeof WORLDS[number];

/** What happens in a run, as plain data. */
export type Plan =
  & { seed: number }
  & (
    | { world: "server" } & ServerPlan
    | { world: "workqueue" } & QueuePlan
    | { world: "load" } & LoadPlan
  );

/** The result of a run. */
export interface Run {
  /** What was wrong; `undefined`: nothing. */
  failure: string | undefined;
  /** Of its trace: equal for equal runs. */
  digest: string;
  connections: number;
  events: number;
  /** What happened, a line an event, when lines are kept. */
  lines: string[];
}

/** The plan of `seed`. @param world default: chosen by the seed, most often one that is cheap */
export function planOf(seed: number, world?: WorldName): Plan {
  const name = world ??
    new Random(seed, 9).pick(["server", "workqueue", "workqueue", "load"] as const);
  switch (name) {
    case "server":
      return { seed, world: name, ...planServer(seed) };
    case "workqueue":
      return { seed, world: name, ...planQueue(seed) };
    case "load":
      return { seed, world: name, ...planLoad(seed) };
  }
}

/** Carries out `plan`. */
export async function runPlan(plan: Plan, { keepsLines = false } = {}): Promise<Run> {
  const clock = new SimulatedClock();
  const trace = new Trace(clock, { keepsLines });
  let failure: string | undefined;
  let connections = 0;
  try {
    switch (plan.world) {
      case "server":
        ({ connections } = await new ServerWorld(plan, clock, trace).run());
        break;
      case "workqueue":
        await new QueueWorld(plan, clock, trace).run();
        break;
      case "load":
        ({ connections } = await new LoadWorld(plan, clock, trace).run());
        break;
    }
  } catch (error) {
    failure = error instanceof Wrong
      ? error.message
      : error instanceof Error
      ? `${error.name}: ${error.message}\n${error.stack}`
      : String(error);
    trace.note(0, "fails");
  }
  const { digest, events, lines } = trace;
  return { failure, digest, connections, events, lines };
}
