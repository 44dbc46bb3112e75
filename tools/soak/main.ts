/**
 * Puts every model under load and attack, at full size:
 *
 *     deno task soak [--model NAME] [--engine NAME] [--trigger KIND]
 *         [--minutes N] [--attacks NAME,NAME…] [SCENARIO …]
 *
 * `--engine` and `--trigger` are those of the servers; models that do not run with an engine are left
 * out. `--minutes` is the time of the attack on each model, half a minute by default; ten minutes find
 * faults that a short run cannot. `--attacks` names the attacks that are mixed, by default all.
 */
import {
  DEFAULT_ENGINE,
  type EngineName,
  ENGINES,
  type Model,
  MODELS,
  TRIGGERS,
} from "../../servers/mod.ts";
import { sharesMemory } from "../../servers/models/model.ts";
import { ATTACKS } from "./attack/attacks.ts";
import { attack } from "./attack/scenario.ts";
import * as scenarios from "./scenarios.ts";
import type { Setup } from "./setup.ts";

const args = [...Deno.args];

/** Removes an option and its value from the arguments. @returns the value */
function take(name: string): string | undefined {
  const at = args.indexOf(name);
  return at < 0 ? undefined : args.splice(at, 2)[1] ?? "";
}

const model = take("--model");
const engineName = take("--engine") ?? DEFAULT_ENGINE.name;
const trigger = take("--trigger") ?? DEFAULT_ENGINE.trigger;
const minutes = take("--minutes");
const attacks = take("--attacks")?.split(",");

/** The scenarios, and the limits of their figures. */
const SCENARIOS: Record<string, (setup: Setup) => Promise<string>> = {
  "echo-storm": (setup) => scenarios.echoStorm(setup),
  "drain-downloads": (setup) => scenarios.drainDownloads(setup),
  "slow-clients": async (setup) => {
    const { line, share, longestMs } = await scenarios.slowClients(setup);
    if (share < 0.8) throw new Error(`${line}: less than 80 % is left`);
    if (longestMs > 15_000) throw new Error(`${line}: too late`);
    return line;
  },
  "few-descriptors": (setup) => scenarios.fewDescriptors(setup),
  "memory-growth": (setup) => scenarios.memoryGrowth(setup),
  "idle-connections": async (setup) => {
    if (sharesMemory(setup.model)) return "has a budget in other models only";
    const { line, kibibytes } = await scenarios.idleConnections(setup);
    if (kibibytes > 12) throw new Error(`${line}: more than 12`);
    return line;
  },
  attack: (setup) => {
    const seconds = minutes === undefined ? undefined : Number(minutes) * 60;
    return attack(setup, { seconds, attacks });
  },
};

const names = args.length > 0 ? args : Object.keys(SCENARIOS);
const unknown = names.filter((name) => SCENARIOS[name] === undefined);
const isUsable = unknown.length === 0 && (model === undefined || MODELS.includes(model as Model)) &&
  ENGINES.includes(engineName as EngineName) &&
  TRIGGERS.includes(trigger as typeof TRIGGERS[number]) &&
  (minutes === undefined || Number(minutes) > 0) &&
  (attacks ?? []).every((name) => Object.hasOwn(ATTACKS, name));
if (!isUsable) {
  console.error(
    `soak: scenarios are ${Object.keys(SCENARIOS).join(", ")}; --model takes one of ` +
      `${MODELS.join(", ")}; --engine one of ${ENGINES.join(", ")}; --trigger one of ` +
      `${TRIGGERS.join(", ")}; --minutes a number; --attacks some of ` +
      Object.keys(ATTACKS).join(),
  );
  Deno.exit(2);
}
const engine = { name: engineName as EngineName, trigger: trigger as typeof TRIGGERS[number] };
const setups = (model === undefined ? MODELS : [model as Model])
  .filter((model) => model !== "shared-pool" || !["select", "poll"].includes(engine.name))
  .map((model): Setup => ({ model, engine }));
let failed = 0;
for (const name of names) {
  for (const setup of setups) {
    let result: string;
    try {
      result = `ok    ${await SCENARIOS[name](setup)}`;
    } catch (error) {
      failed++;
      result = `FAILS ${error instanceof Error ? error.message : error}`;
    }
    console.log(`${name.padEnd(16)} ${setup.model.padEnd(14)} ${result}`);
  }
}
Deno.exit(failed > 0 ? 1 : 0);
