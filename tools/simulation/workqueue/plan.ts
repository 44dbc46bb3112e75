/** What happens to a simulated workqueue, as plain data. */
import { Random } from "../../../servers/net/engines/simulated/random.ts";
import {
  WQ_CPU_INTENSIVE,
  WQ_FREEZABLE,
  WQ_MEM_RECLAIM,
  WQ_UNBOUND,
} from "../../../servers/workqueue/mod.ts";

/** How a queue and its pools are set up. */
export interface QueueSettings {
  flags: number;
  maxActive: number;
  cpus: number;
  maxWorkers: number;
  minIdle: number;
  idleTimeoutMs: number;
  growDelayMs: number;
  reuse: boolean;
  areCpusShort: boolean;
  /** How each item runs: `busy` occupies its Worker, `asleep` waits, `fails` throws, `exits` crashes it. */
  items: { run: "busy" | "asleep" | "fails" | "exits"; us: number }[];
  /** The longest time that a message, or the creation of a Worker, takes, in µs. */
  messageUs: number;
  createUs: number;
}

/** Something that happens at a time, in µs. */
export type QueueEvent =
  & { atUs: number }
  & (
    | { do: "queue" | "cancel" | "cancel and wait" | "flush item" | "kill" | "send"; item: number }
    | { do: "delay" | "move"; item: number; delayMs: number }
    | { do: "flush" | "drain" | "freeze" | "thaw" }
    | { do: "crash"; worker: number; isSilent: boolean }
    | { do: "refuse Workers"; forUs: number; isOutOfDescriptors: boolean }
    | { do: "stall"; ms: number }
    | { do: "destroy" }
  );

/** A queue, and what happens to it. */
export interface QueuePlan {
  settings: QueueSettings;
  events: QueueEvent[];
}

/** The time within which all events happen, in µs. */
const SPAN_US = 500_000;

/** The plan of `seed`. */
export function planQueue(seed: number): QueuePlan {
  const random = new Random(seed);
  const flag = (percent: number, flag: number) => random.chance(percent) ? flag : 0;
  const settings: QueueSettings = {
    flags: flag(50, WQ_UNBOUND) | flag(25, WQ_MEM_RECLAIM) | flag(25, WQ_FREEZABLE) |
      flag(15, WQ_CPU_INTENSIVE),
    maxActive: random.chance(50) ? random.between(1, 4) : 0,
    cpus: random.between(1, 3),
    maxWorkers: random.chance(30) ? random.between(1, 3) : 64,
    minIdle: random.between(0, 2),
    idleTimeoutMs: random.pick([0, 20, 10_000]),
    growDelayMs: random.pick([0, 5, 5, 50]),
    reuse: random.chance(85),
    areCpusShort: random.chance(20),
    items: Array.from({ length: random.size(1, 40) }, () => ({
      run: random.pick(["busy", "busy", "asleep", "asleep", "fails", "exits"] as const),
      us: random.size(0, 60_000),
    })),
    messageUs: random.pick([0, 50, 5000]),
    createUs: random.pick([100, 20_000, 200_000]),
  };
  const events: QueueEvent[] = [];
  const items = settings.items.length;
  for (let left = random.size(1, 150); left > 0; --left) {
    const atUs = random.below(SPAN_US);
    const item = random.below(items);
    const what = random.below(100);
    if (what < 55) events.push({ atUs, do: "queue", item });
    else if (what < 63) events.push({ atUs, do: "cancel", item });
    else if (what < 67) events.push({ atUs, do: "cancel and wait", item });
    else if (what < 73) events.push({ atUs, do: "delay", item, delayMs: random.size(0, 200) });
    else if (what < 76) events.push({ atUs, do: "move", item, delayMs: random.size(0, 200) });
    else if (what < 79) events.push({ atUs, do: "flush item", item });
    else if (what < 82) events.push({ atUs, do: "flush" });
    else if (what < 85) events.push({ atUs, do: "drain" });
    else if (what < 88) events.push({ atUs, do: "kill", item });
    else if (what < 92) events.push({ atUs, do: "send", item });
    else if (what < 94) {
      events.push({ atUs, do: "crash", worker: random.below(8), isSilent: random.chance(50) });
    } else if (what < 96) {
      const forUs = random.size(1000, 400_000);
      events.push({ atUs, do: "refuse Workers", forUs, isOutOfDescriptors: random.chance(70) });
    } else if (what < 98) events.push({ atUs, do: random.chance(50) ? "freeze" : "thaw" });
    else events.push({ atUs, do: "stall", ms: random.size(1, 100) });
  }
  if (random.chance(20)) events.push({ atUs: random.below(SPAN_US), do: "destroy" });
  events.sort((a, b) => a.atUs - b.atUs);
  return { settings, events };
}
